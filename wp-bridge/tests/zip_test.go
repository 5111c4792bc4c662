package tests

import (
	"archive/zip"
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"loyaltyd/internal/testshop"
	"loyaltyd/internal/testwp"
)

func makeZip(t *testing.T, version string) string {
	t.Helper()
	if _, err := exec.LookPath("zip"); err != nil {
		testshop.Missing(t, "wordpress", "zip is not installed: apt-get install zip")
	}
	file := filepath.Join(t.TempDir(), "loyaltyd-plugin.zip")
	printed, err := exec.CommandContext(t.Context(), "../../scripts/plugin-zip", version, file).CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, printed)
	}
	return file
}

func TestTheZipIsTheSameTwiceAndHoldsThePluginOnly(t *testing.T) {
	first, err := os.ReadFile(makeZip(t, "1.2.3"))
	if err != nil {
		t.Fatal(err)
	}
	second, err := os.ReadFile(makeZip(t, "1.2.3"))
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(first, second) {
		t.Error("two zips of the same sources differ")
	}
	archive, err := zip.NewReader(bytes.NewReader(first), int64(len(first)))
	if err != nil {
		t.Fatal(err)
	}
	names := map[string]bool{}
	for _, file := range archive.File {
		names[file.Name] = true
		if !strings.HasPrefix(file.Name, "loyaltyd/") || strings.Contains(file.Name, "test") {
			t.Errorf("%s is in the zip", file.Name)
		}
	}
	for _, name := range []string{"loyaltyd/loyaltyd.php", "loyaltyd/uninstall.php", "loyaltyd/readme.txt", "loyaltyd/LICENSE"} {
		if !names[name] {
			t.Errorf("%s is not in the zip", name)
		}
	}
}

// As an admin uploads it: WordPress's own upgrader unpacks the zip.
func TestTheZipInstallsIntoAFreshWordPress(t *testing.T) {
	for _, version := range []string{testwp.Oldest, testwp.Newest} {
		for _, shop := range []string{"with the shop", "without a shop"} {
			t.Run(version+" "+shop, func(t *testing.T) {
				standIn, err := testwp.StandIn()
				if err != nil {
					t.Fatal(err)
				}
				plugins := []string{standIn}
				if shop == "without a shop" {
					plugins = []string{}
				}
				site := testwp.New(t, testwp.Options{Version: version, Plugins: plugins})
				printed, err := site.Eval(t.Context(), `
					require_once ABSPATH . 'wp-admin/includes/admin.php';
					require_once ABSPATH . 'wp-admin/includes/class-wp-upgrader.php';
					$upgrader = new Plugin_Upgrader( new Automatic_Upgrader_Skin() );
					$result = $upgrader->install( '`+makeZip(t, "1.2.3")+`' );
					if ( true !== $result ) { var_dump( $result, $upgrader->skin->get_upgrade_messages() ); exit( 1 ); }
					$result = activate_plugin( $upgrader->plugin_info() );
					if ( is_wp_error( $result ) ) { var_dump( $result ); exit( 1 ); }`)
				if err != nil {
					t.Fatalf("%v\n%s", err, printed)
				}
				got, err := site.Eval(t.Context(), `
					$key = json_decode( get_option( 'loyaltyd_key' ), true );
					echo get_option( 'loyaltyd_version' ), ' ', count( $key['keys'] ), ' ', strlen( $key['keys'][0]['secret'] );`)
				if err != nil || got != "1.2.3 1 64" {
					t.Errorf("after activation: %q, %v", got, err)
				}
				got, err = site.Eval(t.Context(), `
					require_once ABSPATH . 'wp-admin/includes/admin.php';
					deactivate_plugins( 'loyaltyd/loyaltyd.php' );
					echo json_encode( delete_plugins( array( 'loyaltyd/loyaltyd.php' ) ) ), file_exists( WP_PLUGIN_DIR . '/loyaltyd' ) ? ' still there' : ' gone';`)
				if err != nil || got != "true gone" {
					t.Errorf("deleting it: %q, %v", got, err)
				}
			})
		}
	}
}
