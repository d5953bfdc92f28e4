package admin

import (
	"time"

	"github.com/danielgtaylor/huma/v2"
)

// Described is what the door says of itself, for tests that hold it to that.
func Described() *huma.OpenAPI {
	d := &Door{config: Config{MaxRequestBytes: 1, MaxWait: time.Second, ReadTimeout: time.Second}}
	_, api := d.routes()
	return api.OpenAPI()
}
