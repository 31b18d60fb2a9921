//go:build cgo

package service

import (
	"context"
	"os"
	"os/exec"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/require"

	"github.com/ragft/ragft/ragft/model/local"
)

// browser starts a headless Chromium, or skips the test where there is none.
func browser(t *testing.T) context.Context {
	t.Helper()
	path := ""
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome", "chrome"} {
		if found, err := exec.LookPath(name); err == nil {
			path = found
			break
		}
	}
	if path == "" {
		t.Skip("no Chromium: install it to test the page (Debian: apt-get install chromium)")
	}
	options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(path), chromedp.DisableGPU)
	if os.Getuid() == 0 {
		options = append(options, chromedp.NoSandbox)
	}
	ctx, cancel := chromedp.NewExecAllocator(t.Context(), options...)
	t.Cleanup(cancel)
	ctx, cancel = chromedp.NewContext(ctx)
	t.Cleanup(cancel)
	ctx, cancel = context.WithTimeout(ctx, 3*time.Minute)
	t.Cleanup(cancel)
	return ctx
}

// TestPage asks on the page, opens what is cited, and asks what the documents do not say.
func TestPage(t *testing.T) {
	ctx := browser(t)
	local := openModel(t, baseModel, local.Options{ContextTokens: 2048})
	_, address, _ := serve(t, Config{Models: []Model{{Name: "base", Local: local}}, Index: newIndex(t)})
	var text, cited, marked, reason string
	ask := func(question string) chromedp.Tasks {
		return chromedp.Tasks{
			chromedp.SetValue("#question", question, chromedp.ByQuery),
			chromedp.Click("#ask", chromedp.ByQuery),
		}
	}
	var hidden bool
	require.NoError(t, chromedp.Run(ctx,
		chromedp.Navigate(address),
		chromedp.WaitReady("#model option", chromedp.ByQuery),
		ask("Who founded the Gorton Inn?"),
		chromedp.WaitVisible("#citations button", chromedp.ByQuery),
		chromedp.Text("#text", &text, chromedp.ByQuery),
		chromedp.Text("#citations li", &cited, chromedp.ByQuery),
		chromedp.Evaluate(`document.getElementById("abstained").hidden`, &hidden),
		chromedp.Click("#citations button", chromedp.ByQuery),
		chromedp.WaitVisible("#passage mark", chromedp.ByQuery),
		chromedp.Text("#passage mark", &marked, chromedp.ByQuery),
		chromedp.Click("#passage button", chromedp.ByQuery),
		chromedp.WaitNotVisible("#passage", chromedp.ByQuery),
	))
	require.Contains(t, text, "Anna Pell")
	require.True(t, hidden)
	require.Equal(t, "The Gorton Inn was founded by Anna Pell in 1912.", marked)
	require.Contains(t, cited, marked)

	require.NoError(t, chromedp.Run(ctx,
		ask("Zzyx qqpr?"),
		chromedp.WaitVisible("#abstained", chromedp.ByQuery),
		chromedp.Text("#reason", &reason, chromedp.ByQuery),
		chromedp.Text("#text", &text, chromedp.ByQuery),
	))
	require.Equal(t, "the documents hold nothing about it", reason)
	require.NotEmpty(t, text)
}

// TestPageToken loads the page of a service with a token, which it then asks for.
func TestPageToken(t *testing.T) {
	ctx := browser(t)
	local := openModel(t, baseModel, local.Options{ContextTokens: 2048})
	_, address, _ := serve(t, Config{Models: []Model{{Name: "base", Local: local}}, Index: newIndex(t), Token: "secret"})
	var text string
	require.NoError(t, chromedp.Run(ctx,
		chromedp.Navigate(address),
		chromedp.WaitVisible("#token", chromedp.ByQuery),
		chromedp.SendKeys("#token", "secret", chromedp.ByQuery),
		chromedp.SendKeys("#question", "Who founded the Gorton Inn?\n", chromedp.ByQuery),
		chromedp.WaitVisible("#citations button", chromedp.ByQuery),
		chromedp.Text("#text", &text, chromedp.ByQuery),
	))
	require.Contains(t, text, "Anna Pell")
}
