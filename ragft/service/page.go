//go:build cgo

package service

import (
	"embed"
	"net/http"
)

//go:embed page
var pageFiles embed.FS

// page adds the page at / and its files. They contain no data and need no authentication.
func (s *Service) page(mux *http.ServeMux, open map[string]bool) {
	for path, name := range map[string]string{"/{$}": "index.html", "/page.js": "page.js", "/page.css": "page.css"} {
		mux.HandleFunc("GET "+path, func(w http.ResponseWriter, r *http.Request) {
			header := w.Header()
			header.Set("Content-Security-Policy", "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "+
				"base-uri 'none'; form-action 'none'; frame-ancestors 'none'")
			header.Set("X-Content-Type-Options", "nosniff")
			header.Set("Referrer-Policy", "no-referrer")
			http.ServeFileFS(w, r, pageFiles, "page/"+name)
		})
	}
	open["/"], open["/page.js"], open["/page.css"] = true, true, true
}
