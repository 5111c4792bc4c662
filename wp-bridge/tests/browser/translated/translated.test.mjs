// The site's language is the plugin's.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { dashboard, locale, open, store } from '../harness.mjs';

// What the language calls points, and the tabs that are looked at.
const { points, tabs } = {
  zh_CN: { points: /积分/, tabs: ['', 'customers', 'settings', 'status'] },
  tr_TR: { points: /[Pp]uan/, tabs: [''] },
}[locale];

for (const tab of tabs) {
  test(`${tab || 'dashboard'} in ${locale}`, async t => {
    const page = await open(t, dashboard(tab), { user: store.manager });
    assert.match(await page.words('#wpbody-content'), points);
    await page.picture(tab || 'dashboard');
  });
}

test(`My Account in ${locale}`, async t => {
  const page = await open(t, '/my-account/loyalty-points/', { user: store.shopper });
  assert.match(await page.words('.woocommerce-MyAccount-content'), points);
  await page.picture('account');
});
