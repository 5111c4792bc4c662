// What must be refused: who may not, who was not asked, who asks for others.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { dashboard, evaluate, open, site, store } from '../harness.mjs';

const balance = user => Number(evaluate(`global $wpdb; echo (int) $wpdb->get_var( "SELECT balance FROM {$wpdb->prefix}loyalty_accounts WHERE user_id = ${user}" );`));
const programme = () => evaluate(`echo get_option( 'loyaltyd_program' );`);
const key = () => evaluate(`echo md5( get_option( 'loyaltyd_key' ) );`);

/** Posts a form as the page's user and returns the answer's status. */
const post = (page, path, fields) => page.evaluate(([path, fields]) => fetch(path, {
  method: 'POST', body: new URLSearchParams(fields).toString(), headers: { 'Content-Type': 'application/x-www-form-urlencoded' },
}).then(r => r.status), [path, fields]);

const actions = {
  adjust: { user: String(store.other), points: '1000', note: 'mine', key: 'aaaaaaaa-aaaa-4aaa-8aaa-aaaaaaaaaaaa' },
  settings: { save: '1', complete: '1', 'program[earn.signup.points]': '1000000' },
  sync: { mode: 'full' },
  rotate: {},
  pair: {},
  csv: { card: 'history', report: 'history' },
};

for (const who of ['subscriber', 'shopper']) {
  test(`a ${who} gets none of the tabs and none of the actions`, async t => {
    const page = await open(t, '/my-account/', { user: store[who] });
    page.expect(/^(403|400|401): /, /status of (403|400|401)/);
    for (const tab of ['', 'customers', 'settings', 'status']) {
      const answer = await page.goTo(dashboard(tab));
      // WooCommerce keeps customers out of wp-admin altogether.
      assert.ok(answer.status() === 403 || !answer.url().includes('page=loyaltyd'), `${tab}: ${answer.status()} ${answer.url()}`);
    }
    const before = [balance(store.other), programme(), key()];
    await page.goTo('/my-account/');
    for (const [action, fields] of Object.entries(actions)) {
      assert.equal(await post(page, '/wp-admin/admin-post.php', { action: `loyaltyd_${action}`, ...fields }), 403, action);
    }
    assert.deepEqual([balance(store.other), programme(), key()], before);
  });
}

test('nobody at all gets none of the actions', async t => {
  const page = await open(t, '/my-account/');
  page.expect(/^(403|400|401): /, /status of (403|400|401)/);
  const before = [balance(store.other), programme(), key()];
  for (const [action, fields] of Object.entries(actions)) {
    await post(page, '/wp-admin/admin-post.php', { action: `loyaltyd_${action}`, ...fields });
  }
  assert.deepEqual([balance(store.other), programme(), key()], before);
});

test('a manager without the nonce, or with that of another customer, changes nothing', async t => {
  const page = await open(t, dashboard('customers', `&user=${store.shopper}`), { user: store.manager });
  page.expect(/^403: /, /status of 403/);
  const before = [balance(store.other), programme(), key()];
  const nonce = await page.locator('form#adjust [name=_wpnonce]').inputValue();
  for (const [action, fields] of Object.entries(actions)) {
    assert.equal(await post(page, '/wp-admin/admin-post.php', { action: `loyaltyd_${action}`, ...fields }), 403, action);
    assert.equal(await post(page, '/wp-admin/admin-post.php', { action: `loyaltyd_${action}`, _wpnonce: nonce, ...fields }), 403, `${action} with another's nonce`);
  }
  assert.deepEqual([balance(store.other), programme(), key()], before);
});

test('REST: shoppers see only themselves, admins\' routes refuse them', async t => {
  const page = await open(t, '/my-account/', { user: store.shopper });
  page.expect(/^4\d\d: /, /status of 4\d\d/);
  const nonce = evaluate(`wp_set_current_user( ${store.shopper} ); echo implode( ' ', array_keys( rest_get_server()->get_routes( 'loyaltyd/v1' ) ) );`).split(' ');
  assert.ok(nonce.length > 5, nonce.join());
  for (const route of nonce) {
    const path = route.replace(/\(\?P<[^>]*>[^)]*\)/g, String(store.other)).replace(/^\//, '');
    for (const method of ['GET', 'POST', 'PUT', 'DELETE']) {
      const answer = await page.evaluate(([path, method]) => fetch(`/wp-json/${path}`, { method }).then(async r => ({ status: r.status, text: await r.text() })), [path, method]);
      // Without the cookie's nonce this is nobody; earning is for guests too.
      if (/\/earn\//.test(path) || path === 'loyaltyd/v1') {
        continue;
      }
      assert.ok([400, 401, 403, 404, 405].includes(answer.status), `${method} ${path}: ${answer.status} ${answer.text.slice(0, 200)}`);
      assert.doesNotMatch(answer.text, /other@shop\.example/);
    }
  }
});

test('a redeem form without its nonce, or for another, redeems nothing', async t => {
  const page = await open(t, '/my-account/loyalty-points/', { user: store.shopper });
  const before = [balance(store.shopper), balance(store.other)];
  for (const fields of [
    { loyaltyd_redeem: 'account', loyaltyd_points: '100', loyaltyd_key: 'aaaaaaaa-aaaa-4aaa-8aaa-aaaaaaaaaaaa' },
    { loyaltyd_redeem: 'account', loyaltyd_points: '100', loyaltyd_key: 'aaaaaaaa-aaaa-4aaa-8aaa-aaaaaaaaaaaa', loyaltyd_nonce: 'deadbeef00' },
    { loyaltyd_redeem: 'account', loyaltyd_points: '100', user: String(store.other), user_id: String(store.other) },
  ]) {
    assert.equal(await post(page, '/my-account/loyalty-points/', fields), 200);
  }
  assert.deepEqual([balance(store.shopper), balance(store.other)], before);
});

test('another customer\'s coupon is not applied by the link with a number', async t => {
  const id = evaluate(`
    $coupon = Loyaltyd\\Plugin::services()->redeemer()->redeem( ${store.shopper}, 100, wp_generate_uuid4() );
    echo (int) $coupon->get_meta( '_loyalty_redemption' );`);
  assert.match(id, /^[1-9]/);
  const page = await open(t, `/?p=${store.product}&post_type=product`, { user: store.other });
  await page.getByRole('button', { name: 'Add to cart' }).click();
  for (const nonce of ['x', evaluate(`wp_set_current_user( ${store.other} ); echo wp_create_nonce( 'loyaltyd_apply_${id}' );`)]) {
    await page.goTo(`/cart/?loyaltyd_apply=${id}&loyaltyd_nonce=${nonce}`);
    assert.equal(await page.locator('.cart-discount').count(), 0);
  }
  await page.goTo('/cart/');
  assert.equal(await page.locator('.cart-discount').count(), 0);
});

test('every address of the site is the site\'s', async t => {
  const page = await open(t, dashboard(), { user: store.manager });
  for (const address of await page.locator('#wpbody-content a[href^=http]').evaluateAll(links => links.map(link => link.href))) {
    assert.ok(address.startsWith(site), address);
  }
});
