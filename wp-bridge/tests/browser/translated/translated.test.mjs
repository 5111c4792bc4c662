// The site's language is the plugin's.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { dashboard, open, store } from '../harness.mjs';

for (const tab of ['', 'customers', 'settings', 'status']) {
  test(`${tab || 'dashboard'} in Chinese`, async t => {
    const page = await open(t, dashboard(tab), { user: store.manager });
    assert.match(await page.words('#wpbody-content'), /积分/);
    await page.picture(tab || 'dashboard');
  });
}

test('My Account in Chinese', async t => {
  const page = await open(t, '/my-account/loyalty-points/', { user: store.shopper });
  assert.match(await page.words('.woocommerce-MyAccount-content'), /积分/);
  await page.picture('account');
});
