package wpbridge

import (
	"embed"
	"io/fs"

	"loyaltyd/internal/database"
)

//go:embed schema/*.sql
var schema embed.FS

// Component returns the migrations of the tables that the daemon shares with
// the plugin, which live beside the reports in the site's database.
func Component() database.Component {
	files, err := fs.Sub(schema, "schema")
	if err != nil {
		panic(err) // the directory is embedded above
	}
	return database.Component{Name: "wp-bridge", Files: files}
}
