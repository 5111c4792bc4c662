package testwp_test

import (
	"io"
	"net/http"
	"net/http/cookiejar"
	"strings"
	"testing"

	"loyaltyd/internal/testwp"
)

func get(t *testing.T, client *http.Client, address string) (int, string) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, address, nil)
	if err != nil {
		t.Fatal(err)
	}
	answer, err := client.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = answer.Body.Close() }()
	text, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	return answer.StatusCode, string(text)
}

func TestASiteAnswersAndSignsIn(t *testing.T) {
	for _, version := range []string{testwp.Oldest, testwp.Newest} {
		t.Run(version, func(t *testing.T) {
			site := testwp.New(t, testwp.Options{Version: version, Locale: "ar", Plugins: []string{}})
			if isOldest := strings.HasPrefix(site.Version, testwp.Oldest); isOldest != (version == testwp.Oldest) {
				t.Errorf("version %q, want %s", site.Version, version)
			}
			jar, _ := cookiejar.New(nil)
			client := &http.Client{Jar: jar}
			status, text := get(t, client, site.URL+"/")
			if status != http.StatusOK || !strings.Contains(text, "A little shop") || !strings.Contains(text, `dir="rtl"`) {
				t.Errorf("front page: %d\n%s", status, text)
			}
			status, text = get(t, client, site.SignIn(1, "/wp-admin/users.php"))
			if status != http.StatusOK || !strings.Contains(text, "admin@shop.example") {
				t.Errorf("users: %d\n%s", status, text)
			}
			requests, err := site.Requests()
			if err != nil || len(requests) < 3 {
				t.Errorf("%d requests, %v", len(requests), err)
			}
			if got, err := site.Eval(t.Context(), `echo get_option( 'woocommerce_currency' ), wp_get_current_user()->user_login;`); got != "USDadmin" || err != nil {
				t.Errorf("Eval: %q, %v", got, err)
			}
		})
	}
}

func TestWhatPHPLogsIsAProblem(t *testing.T) {
	site := testwp.New(t, testwp.Options{Plugins: []string{}})
	if _, err := site.Eval(t.Context(), `echo $nothing; _doing_it_wrong( 'a', 'b', '1' );`); err != nil {
		t.Fatal(err)
	}
	problems, err := site.Problems()
	if err != nil || len(problems) != 2 {
		t.Errorf("%q, %v", problems, err)
	}
	if _, err := site.Eval(t.Context(), `unlink( WP_DEBUG_LOG );`); err != nil {
		t.Fatal(err)
	}
	if _, err := site.Eval(t.Context(), `exit( 3 );`); err == nil {
		t.Error("a failing script is no error")
	}
}
