// Package metrics counts what the server does, for Prometheus. No label names an account, a device, an address or a path that a client
// made up: labels are route templates, classes of status and words of this program.
package metrics

import (
	"context"
	"errors"
	"net/http"
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/coffer-vault/coffer/cloud"
	"github.com/coffer-vault/coffer/internal/buildinfo"
)

// Metrics are the counters of one process.
type Metrics struct {
	registry     *prometheus.Registry
	requests     *prometheus.CounterVec
	duration     *prometheus.HistogramVec
	transactions *prometheus.HistogramVec
	failures     *prometheus.CounterVec
	retries      *prometheus.CounterVec
	mails        *prometheus.CounterVec
}

// New returns counters at zero, with those of the Go runtime and of the process.
func New() *Metrics {
	buckets := []float64{.001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 30}
	m := &Metrics{
		registry: prometheus.NewRegistry(),
		requests: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "coffer_http_requests_total", Help: "Requests that ended, by route and class of status.",
		}, []string{"route", "class"}),
		duration: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "coffer_http_request_seconds", Help: "How long requests took, without event streams and polls, which wait.", Buckets: buckets,
		}, []string{"route"}),
		transactions: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "coffer_store_transaction_seconds", Help: "How long transactions took, with all their tries.", Buckets: buckets,
		}, []string{"kind"}),
		failures: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "coffer_store_failures_total", Help: "Transactions that the database failed.",
		}, []string{"kind"}),
		retries: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "coffer_store_retries_total", Help: "Times that a transaction was begun again.",
		}, []string{"kind"}),
		mails: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "coffer_mails_total", Help: "Attempts to send a mail: sent, failed (tried again), refused (given up).",
		}, []string{"result"}),
	}
	m.registry.MustRegister(m.requests, m.duration, m.transactions, m.failures, m.retries, m.mails, build(),
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	// What alerts are made of is there from the start: a counter that appears with its first event has no increase to see.
	for _, result := range []string{"sent", "failed", "refused"} {
		m.mails.WithLabelValues(result)
	}
	for _, kind := range []string{update, view, glance} {
		m.failures.WithLabelValues(kind)
		m.retries.WithLabelValues(kind)
	}
	return m
}

func build() prometheus.Collector {
	g := prometheus.NewGaugeVec(prometheus.GaugeOpts{Name: "coffer_build_info", Help: "1, with the version that runs."}, []string{"version"})
	g.WithLabelValues(buildinfo.Version).Set(1)
	return g
}

// Handler serves them. It is for a loopback address.
func (m *Metrics) Handler() http.Handler {
	return promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{})
}

// waiting are the routes whose time says nothing of the server.
var waiting = map[string]bool{"GET /v1/events": true, "POST /v1/pairings/poll": true}

// Request counts a request that ended. route is the template, empty or "/" for a path that nothing serves.
func (m *Metrics) Request(route string, status int, took time.Duration) {
	if route == "" || route == "/" {
		route = "other"
	}
	m.requests.WithLabelValues(route, strconv.Itoa(status/100)+"xx").Inc()
	if !waiting[route] {
		m.duration.WithLabelValues(route).Observe(took.Seconds())
	}
}

// Gauge shows what read returns whenever somebody looks.
func (m *Metrics) Gauge(name, help string, read func() float64) {
	m.registry.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: name, Help: help}, read))
}

// Counter shows what read returns, which never becomes less.
func (m *Metrics) Counter(name, help string, read func() float64) {
	m.registry.MustRegister(prometheus.NewCounterFunc(prometheus.CounterOpts{Name: name, Help: help}, read))
}

// Sender counts what becomes of mails.
func (m *Metrics) Sender(next cloud.Sender) cloud.Sender { return sender{m, next} }

type sender struct {
	*Metrics
	next cloud.Sender
}

func (s sender) Send(ctx context.Context, mail cloud.Mail) error {
	err := s.next.Send(ctx, mail)
	result := "sent"
	if errors.Is(err, cloud.ErrUndeliverable) {
		result = "refused"
	} else if err != nil {
		result = "failed"
	}
	s.mails.WithLabelValues(result).Inc()
	return err
}

// Kinds of transactions.
const (
	update = "update"
	view   = "view"
	glance = "glance"
)

// Store counts transactions.
func (m *Metrics) Store(next cloud.Store) cloud.Store { return store{m, next} }

type store struct {
	*Metrics
	next cloud.Store
}

func (s store) Update(ctx context.Context, do func(cloud.Tx) error) error {
	return s.count(update, do, func(do func(cloud.Tx) error) error { return s.next.Update(ctx, do) })
}

func (s store) View(ctx context.Context, do func(cloud.Tx) error) error {
	return s.count(view, do, func(do func(cloud.Tx) error) error { return s.next.View(ctx, do) })
}

func (s store) Scrub(ctx context.Context) error { return s.next.Scrub(ctx) }

func (s store) Glance(ctx context.Context, do func(cloud.Tx) error) error {
	return s.count(glance, do, func(do func(cloud.Tx) error) error { return s.next.Glance(ctx, do) })
}

// count runs a transaction. What the database did not fail is a decision of the server's, or a row that was looked for and is not there.
func (s store) count(kind string, do func(cloud.Tx) error, run func(func(cloud.Tx) error) error) error {
	begin, tries := time.Now(), 0
	err := run(func(tx cloud.Tx) error {
		tries++
		return do(tx)
	})
	s.transactions.WithLabelValues(kind).Observe(time.Since(begin).Seconds())
	s.retries.WithLabelValues(kind).Add(float64(max(tries-1, 0)))
	if err != nil && cloud.Failed(err) {
		s.failures.WithLabelValues(kind).Inc()
	}
	return err
}
