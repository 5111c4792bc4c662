// What the daemon is and does, and the buttons that have it do so.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { atBothSizes, dashboard, evaluate, open, store, until } from '../harness.mjs';

atBothSizes('the daemon is at work and says what it did', async (t, size) => {
  const page = await open(t, dashboard('status'), { user: store.manager, size });
  const text = await page.words();
  for (const word of [/127\.0\.0\.1:\d+/, /Key/, /every 15/i]) {
    assert.match(text, word);
  }
  assert.doesNotMatch(text, new RegExp(JSON.parse(evaluate(`echo json_encode( json_decode( get_option( 'loyaltyd_key' ), true )['keys'][0]['secret'] );`))), 'the secret is on the page');
});

test('sync now', async t => {
  const page = await open(t, dashboard('status'), { user: store.manager });
  await page.getByRole('button', { name: 'Sync now' }).click();
  assert.match(await page.locator('.notice').first().innerText(), /\S/);
  assert.equal(await page.locator('.notice-error').count(), 0);
});

test('a new key, without a failed request', async t => {
  const page = await open(t, dashboard('status'), { user: store.manager });
  const key = () => evaluate(`echo json_decode( get_option( 'loyaltyd_key' ), true )['keys'][0]['id'];`);
  const before = key();
  await page.getByRole('button', { name: 'Make a new key' }).click();
  assert.equal(await page.locator('.notice-error').count(), 0, await page.words());
  assert.notEqual(key(), before);
  await page.getByRole('button', { name: 'Sync now' }).click();
  assert.equal(await page.locator('.notice-error').count(), 0, await page.words());
  await until('the daemon knows it', () => evaluate(`global $wpdb; echo $wpdb->get_var( "SELECT key_id FROM {$wpdb->prefix}loyalty_pairing" );`) === key());
});
