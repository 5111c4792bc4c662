// The whole programme.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { atBothSizes, dashboard, evaluate, open, store, until } from '../harness.mjs';

const save = page => page.getByRole('button', { name: 'Save settings' }).last().click();

atBothSizes('what is wrong is said beside its field and kept', async (t, size) => {
  const page = await open(t, dashboard('settings'), { user: store.manager, size });
  await page.getByLabel(/^Points for each/).fill('minus one');
  await page.getByLabel('Points for registering').fill('-4');
  await save(page);
  const text = await page.words();
  assert.equal(await page.getByLabel(/^Points for each/).inputValue(), 'minus one');
  assert.equal(await page.getByLabel('Points for registering').inputValue(), '-4');
  assert.equal(await page.locator('[aria-invalid=true]').count(), 2, text.slice(0, 600));
  // The summary leads to the fields.
  const link = page.locator('.notice-error a, .error a').first();
  await link.click();
  assert.match(await page.evaluate(() => document.activeElement.name + location.hash), /points_per_unit|loyaltyd-/);
  await page.picture('settings-wrong');
  await page.accessible('#wpbody-content');
  await page.fits();
});

test('what is saved is there again, and the daemon follows', async t => {
  const page = await open(t, dashboard('settings'), { user: store.manager });
  await page.getByLabel('Points for registering').fill('3');
  await page.getByLabel('Fewest points at once').fill('100');
  await save(page);
  assert.match(await page.words(), /Settings saved/);
  assert.equal(await page.getByLabel('Points for registering').inputValue(), '3');
  await until('the daemon follows', () => evaluate(`
    global $wpdb; $program = json_decode( $wpdb->get_var( "SELECT value FROM {$wpdb->prefix}loyalty_daemon_state WHERE name = 'program'" ), true );
    echo (int) ( $program['document']['earn']['signup']['points'] ?? 0 );`) === '3', 25_000);
});

test('somebody else saved meanwhile: that is said', async t => {
  const mine = await open(t, dashboard('settings'), { user: store.manager });
  const theirs = await open(t, dashboard('settings'), { user: store.admin });
  await theirs.getByLabel('Points for registering').fill('4');
  await save(theirs);
  assert.match(await theirs.words(), /Settings saved/);
  await mine.getByLabel('Points for a comment on a post').fill('9');
  await save(mine);
  assert.doesNotMatch(await mine.words(), /Settings saved\./);
  assert.equal(await mine.getByLabel('Points for a comment on a post').inputValue(), '9');
});

test('an example shows what it would earn, unsaved', async t => {
  const page = await open(t, dashboard('settings'), { user: store.manager });
  await page.getByLabel(/^Points for each/).fill('3');
  await page.locator('#loyaltyd-example-amount').fill('50');
  await page.getByRole('button', { name: 'Show what it earns' }).click();
  await until('the result', async () => /150/.test(await page.words()), 8000);
  await page.reload();
  assert.equal(await page.getByLabel(/^Points for each/).inputValue(), '1');
  await page.picture('settings-preview');
});
