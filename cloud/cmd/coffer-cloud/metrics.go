package main

import (
	"context"
	"math"
	"net/http"
	"net/http/pprof"
	"time"

	"github.com/coffer-vault/coffer/cloud"
)

// metricsName is the name of the socket that only this machine gets to.
const metricsName = "metrics"

// queueTime bounds the one query that a look at the metrics makes.
const queueTime = 5 * time.Second

// openMetrics serves /metrics on its loopback address, and profiles if the settings say so.
func (s *service) openMetrics() error {
	if s.metricsListen == "" {
		return nil
	}
	s.watchGauges()
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", s.metrics.Handler())
	mux.HandleFunc("GET /healthz", healthz)
	mux.HandleFunc("GET /readyz", s.readyz)
	if s.pprof {
		// Profiles show where time and memory go, and no contents.
		mux.HandleFunc("GET /debug/pprof/", pprof.Index)
		mux.HandleFunc("GET /debug/pprof/profile", pprof.Profile)
		mux.HandleFunc("GET /debug/pprof/symbol", pprof.Symbol)
		mux.HandleFunc("GET /debug/pprof/trace", pprof.Trace)
	}
	listener, err := s.listen(metricsName, s.metricsListen)
	if err != nil {
		return err
	}
	s.add(metricsName, listener, nil, mux)
	s.ready = append(s.ready, "metrics=http://"+listener.Addr().String()+"/metrics")
	return nil
}

// watchGauges shows what is asked for only when somebody looks.
func (s *service) watchGauges() {
	s.metrics.Gauge("coffer_draining", "1 while the server is being stopped.", func() float64 {
		if s.drain.err() != nil {
			return 1
		}
		return 0
	})
	s.metrics.Gauge("coffer_connections", "Open connections, event streams included.", func() float64 {
		open, _, _ := s.conns.counted()
		return float64(open)
	})
	s.metrics.Gauge("coffer_connections_most", "How many there may be.", func() float64 { return float64(s.conns.most) })
	s.metrics.Counter("coffer_connections_displaced_total", "Quiet connections closed for new ones, because there were too many.", func() float64 {
		_, displaced, _ := s.conns.counted()
		return float64(displaced)
	})
	s.metrics.Counter("coffer_connections_refused_total", "Connections closed as they came, because there were too many.", func() float64 {
		_, _, refused := s.conns.counted()
		return float64(refused)
	})
	if s.certificates != nil {
		s.metrics.Gauge("coffer_certificate_end_seconds", "When the certificate in use ends, Unix time.", s.certificates.end)
	}
	if s.cloud == nil {
		return
	}
	s.metrics.Gauge("coffer_event_streams", "Devices that listen for changes.", func() float64 { return float64(s.cloud.Events.Count()) })
	queue := func() (int, time.Time, error) {
		ctx, cancel := context.WithTimeout(context.Background(), queueTime)
		defer cancel()
		return s.operator.MailQueue(ctx)
	}
	s.metrics.Gauge("coffer_outbox_mails", "Mails that wait to be sent; NaN if the database does not answer.", func() float64 {
		waiting, _, err := queue()
		if err != nil {
			return math.NaN()
		}
		return float64(waiting)
	})
	s.metrics.Gauge("coffer_outbox_oldest_seconds", "How long the oldest of them waits.", func() float64 {
		_, since, err := queue()
		if err != nil {
			return math.NaN()
		}
		if since.IsZero() {
			return 0
		}
		return max(time.Since(since).Seconds(), 0)
	})
	for _, state := range []cloud.DeliveryState{cloud.MailRefused, cloud.MailBounced, cloud.MailLate} {
		s.metrics.Gauge("coffer_mails_"+string(state), "Mails of the last seven days that ended so (coffer-cloud admin mails).", func() float64 {
			ctx, cancel := context.WithTimeout(context.Background(), queueTime)
			defer cancel()
			n, err := s.operator.CountMails(ctx, state)
			if err != nil {
				return math.NaN()
			}
			return float64(n)
		})
	}
}

func healthz(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) }
