// What shoppers do with their points.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { again, atBothSizes, desktop, evaluate, open, phone, store, until } from '../harness.mjs';

const account = '/my-account/loyalty-points/';

atBothSizes('My Account shows one\'s own points', async (t, size) => {
  const page = await open(t, account, { user: store.shopper, size });
  const text = await page.words('.woocommerce');
  assert.match(text, /[45],?\d00/);
  assert.match(text, /Purchasing products/);
  await page.picture('account');
  await page.accessible('main');
  await page.fits();
});

atBothSizes('points become a coupon, once', async (t, size) => {
  const page = await open(t, account, { user: store.shopper, size });
  const coupons = () => page.locator('.woocommerce').innerText().then(text => new Set(text.match(/points-[a-z2-9]{12}/g) ?? []).size);
  const before = await coupons();
  const form = page.locator('form.loyaltyd-redeem');
  await form.getByLabel('Points to redeem').fill('500');
  assert.match(await form.locator('output').innerText(), /5\.00/);
  // Twice the same form, as by a double click.
  const answers = await form.evaluate(form => {
    const body = new URLSearchParams(new FormData(form)).toString();
    const send = () => fetch(location.href, { method: 'POST', body, headers: { 'Content-Type': 'application/x-www-form-urlencoded' } }).then(r => r.status);
    return Promise.all([send(), send()]);
  });
  assert.deepEqual(answers, [200, 200]);
  await until('the coupon is there', async () => (await again(page), await coupons() === before + 1));
  assert.ok(await page.locator('.woocommerce code').first().isVisible(), 'the code does not show');
  await page.picture('account-redeemed');
  await page.accessible('main');
  await page.fits();
});

test('less than allowed, more than there is, and nonsense are refused in words', async t => {
  for (const points of ['1', '99999999', '0', 'abc', '500.5', '-100']) {
    const page = await open(t, account, { user: store.other });
    const field = page.getByLabel('Points to redeem');
    await page.locator('form.loyaltyd-redeem').evaluate(form => form.setAttribute('novalidate', ''));
    await field.evaluate((input, points) => { input.type = 'text'; input.value = points; }, points);
    await page.locator('form.loyaltyd-redeem button').click();
    assert.match(await page.locator('.woocommerce-error').first().innerText(), /\S{3}/, points);
  }
});

test('a coupon from points pays at the cart and is used up', async t => {
  const page = await open(t, `/?p=${store.product}&post_type=product`, { user: store.shopper });
  await page.getByRole('button', { name: 'Add to cart' }).click();
  await page.goTo('/cart/');
  await page.picture('cart');
  await page.accessible('main');
  await page.fits();
  await page.locator('details.loyaltyd-box summary').click();
  await page.getByLabel('Points to redeem').fill('1000');
  await page.locator('form.loyaltyd-redeem button').click();
  assert.match(await page.words('main'), /10\.00/);
  const code = (await page.locator('main').innerHTML()).match(/points-[a-z2-9]{12}/)[0];
  await page.picture('cart-redeemed');
  await page.goTo('/checkout/');
  await page.picture('checkout');
  await page.accessible('main');
  await page.getByLabel('First name').fill('Ada');
  await page.getByLabel('Last name').fill('Shopper');
  await page.getByRole('button', { name: 'Place order' }).click();
  await page.waitForURL(/order-received/);
  await page.picture('order-received');
  const state = () => evaluate(`global $wpdb; echo $wpdb->get_var( "SELECT state FROM {$wpdb->prefix}loyalty_redemptions WHERE code = '${code}'" );`);
  await until('the daemon sees it', () => state() === 'used');
  // Cancelled, the coupon is free again; refunded, the points come back.
  const order = evaluate(`echo wc_get_orders( array( 'customer_id' => ${store.shopper}, 'limit' => 1, 'return' => 'ids' ) )[0];`);
  evaluate(`standin_set_status( ${order}, 'cancelled' );`);
  await until('it is free again', () => state() === 'confirmed');
  evaluate(`standin_set_status( ${order}, 'processing' );`);
  await until('it is used again', () => state() === 'used');
  evaluate(`wc_create_refund( array( 'order_id' => ${order}, 'amount' => wc_get_order( ${order} )->get_total() ) );`);
  await until('the points are back', () => evaluate(`global $wpdb; echo $wpdb->get_var( "SELECT returned FROM {$wpdb->prefix}loyalty_redemptions WHERE code = '${code}'" );`) === '1000');
});

test('a coupon of somebody else is refused', async t => {
  const code = evaluate(`global $wpdb; echo $wpdb->get_var( "SELECT code FROM {$wpdb->prefix}loyalty_redemptions WHERE user_id = ${store.shopper} AND state = 'confirmed' LIMIT 1" );`);
  assert.match(code, /^points-/);
  for (const user of [store.other, 0]) {
    const page = await open(t, `/?p=${store.product}&post_type=product`, { user });
    await page.getByRole('button', { name: 'Add to cart' }).click();
    await page.goTo('/cart/');
    await page.getByLabel('Coupon:').fill(code);
    await page.getByRole('button', { name: 'Apply coupon' }).click();
    assert.match(await page.locator('.woocommerce-error').first().innerText(), /\S{3}/);
    assert.equal(await page.locator('.cart-discount').count(), 0);
  }
});

test('a product says what it earns', async t => {
  for (const size of [desktop, phone]) {
    const page = await open(t, `/?p=${store.product}&post_type=product`, { user: store.shopper, size });
    await until('the points', async () => /80/.test(await page.words('.summary')) && /points/i.test(await page.words('.summary')));
    await page.picture('product');
    await page.fits();
  }
  const page = await open(t, `/?p=${store.variable}&post_type=product`, { user: store.shopper });
  await page.getByLabel('Which').selectOption({ index: 2 });
  await until('the points of the variation', async () => /25/.test(await page.words('.summary')));
});

test('the keyboard is enough to redeem', async t => {
  const page = await open(t, account, { user: store.shopper });
  await page.getByLabel('Points to redeem').focus();
  await page.keyboard.press('Control+A');
  await page.keyboard.type('100');
  await page.keyboard.press('Enter');
  await page.waitForLoadState();
  assert.match(await page.words('.woocommerce'), /points-[a-z2-9]{12}/);
});
