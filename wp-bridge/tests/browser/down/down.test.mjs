// While the daemon is down: the figures stay, what needs it says so.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { atBothSizes, dashboard, open, store } from '../harness.mjs';

atBothSizes('the dashboard shows its figures and the way out', async (t, size) => {
  const page = await open(t, dashboard('', '&period=all_time'), { user: store.manager, size });
  const text = await page.words('#wpbody-content');
  assert.match(text, /Total points issued/i);
  assert.match(text, /loyaltyd serve --wp-path/);
  await page.picture('down-dashboard');
  await page.accessible('#wpbody-content');
});

test('the explanation says that the daemon is silent', async t => {
  const page = await open(t, dashboard('customers', `&user=${store.shopper}`), { user: store.manager });
  await page.getByRole('link', { name: /Explain this balance/ }).first().click();
  assert.match(await page.words('#wpbody-content'), /daemon/i);
  await page.picture('down-explain');
});

test('an adjustment is refused in words and keeps what was written', async t => {
  const page = await open(t, dashboard('customers', `&user=${store.shopper}`), { user: store.manager });
  await page.getByLabel('Points', { exact: true }).fill('12');
  await page.getByLabel('Note', { exact: true }).fill('While it is down');
  await page.getByRole('button', { name: 'Adjust' }).click();
  assert.match(await page.words('#wpbody-content'), /daemon/i);
  assert.equal(await page.getByLabel('Note', { exact: true }).inputValue(), 'While it is down');
});

test('a shopper who redeems is told to try again', async t => {
  const page = await open(t, '/my-account/loyalty-points/', { user: store.shopper });
  assert.match(await page.words('.woocommerce-MyAccount-content'), /points/i);
  await page.picture('down-account');
  const points = page.locator('.woocommerce-MyAccount-content form input[type=number]').first();
  if (await points.count()) {
    await points.fill('500');
    await page.locator('.woocommerce-MyAccount-content form button[type=submit]').first().click();
    assert.match(await page.words('.woocommerce'), /try again in a few minutes; your points are safe/);
  }
});

test('the product page is as quick as ever, without points', async t => {
  const begin = Date.now();
  const page = await open(t, `/?p=${store.product}&post_type=product`, { user: store.shopper });
  assert.ok(Date.now() - begin < 8000);
  assert.match(await page.words('main'), /teapot/);
});
