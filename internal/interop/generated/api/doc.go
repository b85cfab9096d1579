// Package api is what a generator makes of docs/openapi.json; its code is not kept.
package api

//go:generate go tool oapi-codegen --config ../oapi-codegen.yaml -o api.gen.go ../../../../docs/openapi.json
