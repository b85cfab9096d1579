package updater

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/theupdateframework/go-tuf/v2/metadata"
)

// userAgent has no version and no platform: two installations' requests are the same bytes.
const userAgent = "Coffer-Updater"

// maxMetadata bounds every metadata file in bytes, also where signed metadata announces a greater length.
const maxMetadata = 1 << 20

// newHTTPClient sends nothing that could tell installations apart: no cookies, no conditional requests, no compression (which would
// also need a bound after unpacking). A redirect is an error, since its address could carry a mark.
func newHTTPClient() *http.Client {
	return &http.Client{
		Transport: &http.Transport{
			Proxy: http.ProxyFromEnvironment, ForceAttemptHTTP2: true, TLSHandshakeTimeout: 10 * time.Second,
			IdleConnTimeout: 30 * time.Second, DisableCompression: true, MaxResponseHeaderBytes: 16 << 10,
		},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// mirror is one update host during one check or download, whose context it keeps: go-tuf's Fetcher interface has none.
type mirror struct {
	base   string
	client *http.Client
	ctx    context.Context
	limits Limits
}

func (m *mirror) metadataURL() string { return strings.TrimSuffix(m.base, "/") + "/metadata/" }

func (m *mirror) targetURL(name string) string {
	return strings.TrimSuffix(m.base, "/") + "/targets/" + name
}

// DownloadFile implements go-tuf's Fetcher for metadata: at most maxLength bytes, within the time that limits allow.
func (m *mirror) DownloadFile(url string, maxLength int64, _ time.Duration) ([]byte, error) {
	ctx, cancel := context.WithTimeout(m.ctx, m.limits.Metadata)
	defer cancel()
	res, err := m.get(ctx, url, 0)
	if err != nil {
		return nil, err
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusOK {
		return nil, &metadata.ErrDownloadHTTP{StatusCode: res.StatusCode, URL: url}
	}
	limit := min(max(maxLength, 0), maxMetadata)
	data, err := io.ReadAll(io.LimitReader(res.Body, limit+1))
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrHostsUnreachable, err)
	}
	if int64(len(data)) > limit {
		return nil, fmt.Errorf("%w: more than %d bytes of metadata", ErrTampered, limit)
	}
	return data, nil
}

// get sends the one kind of request there is. From an offset on it asks for the rest.
func (m *mirror) get(ctx context.Context, url string, offset int64) (*http.Response, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return nil, fmt.Errorf("update request: %w", err)
	}
	req.Header.Set("User-Agent", userAgent)
	if offset > 0 {
		req.Header.Set("Range", "bytes="+strconv.FormatInt(offset, 10)+"-")
	}
	res, err := m.client.Do(req)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", silence(err), err)
	}
	return res, nil
}

// notFound recognises the answer that ends the walk along the roots.
func notFound(err error) bool {
	var status *metadata.ErrDownloadHTTP
	return errors.As(err, &status) && status.StatusCode == http.StatusNotFound
}

// patient reads a body and postpones the timer that ends the request, as long as bytes arrive.
type patient struct {
	body  io.Reader
	timer *time.Timer
	stall time.Duration
}

func (p *patient) Read(b []byte) (int, error) {
	n, err := p.body.Read(b)
	p.timer.Reset(p.stall)
	return n, err
}
