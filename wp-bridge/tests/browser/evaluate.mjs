// PHP in the site, for what a spec needs done behind the browser's back.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';

/** Runs PHP with WordPress loaded and the administrator signed in; returns what it printed. */
export function evaluate(php) {
  const load = `require '${process.env.LOYALTYD_WP_DIR}/wp-load.php'; wp_set_current_user( 1 ); wc_load_cart();\n`;
  const run = spawnSync(process.env.LOYALTYD_TEST_PHP || 'php', ['-d', 'display_errors=stderr', '-r', load + php], { encoding: 'utf8', cwd: process.env.LOYALTYD_WP_DIR });
  assert.equal(run.status, 0, `${run.stdout}\n${run.stderr}`);
  return run.stdout;
}
