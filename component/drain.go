package component

import "time"

// drain finishes what runs. Alone, with no stream and none to come, nobody can be
// told, so it waits only for the handlers.
func (c *Component) drain(alone bool) {
	c.setStatus(Status{State: StateDraining})
	c.draining.Store(true)
	limit := c.limits().DrainTimeout
	end := time.Now().Add(limit)
	c.poll(end, func() bool { return c.led.open.Load() == 0 || alone && len(c.led.waiting()) == 0 })
	for _, req := range c.led.waiting() {
		c.led.done(req)
		c.refuse(req, errShuttingDown())
		(*reqContext)(req).cancel(ctxCanceled)
	}
	c.out.kick()
	c.out.mu.Lock()
	s := c.out.stream
	c.out.mu.Unlock()
	if s != nil {
		c.out.waitEmpty(s, closeTimeout)
	}
}

// poll waits until ok holds, looking again each few milliseconds, for at most
// until end.
func (c *Component) poll(end time.Time, ok func() bool) {
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for !ok() && time.Now().Before(end) {
		<-tick.C
	}
}

// join waits for the component's goroutines, but not for ever for a handler that
// ignores its context: its answer has been given, and it cannot be ended.
func (c *Component) join() {
	done := make(chan struct{})
	go func() {
		c.wg.Wait()
		close(done)
	}()
	t := time.NewTimer(closeTimeout / 2)
	defer t.Stop()
	select {
	case <-done:
	case <-t.C:
		c.cfg.Log.Warn("stopped although handlers still run")
	}
}
