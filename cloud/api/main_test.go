//go:build !(system && linux)

package api_test

import (
	"testing"

	"github.com/coffer-vault/coffer/internal/testkit"
)

func TestMain(m *testing.M) { testkit.Main(m) }
