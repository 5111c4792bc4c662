package wpbridge

import (
	"embed"

	"loyaltyd/internal/database"
)

//go:embed schema/*.sql
var schema embed.FS

// Component returns the migrations of the tables that the daemon shares with
// the plugin, which live beside the reports in the site's database.
func Component() database.Component {
	return database.Component{Name: "wp-bridge", Files: schema, Folder: "schema"}
}
