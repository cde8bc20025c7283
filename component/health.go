package component

// Health asks each extension that is served what is wrong with it, and returns the
// answers by name: nil is well, and so is an extension without Extension.Health.
func (c *Component) Health() map[string]error {
	out := map[string]error{}
	for _, inst := range c.served.Load().instances() {
		var err error
		if inst.ext.Health != nil {
			err = guard(inst.ext.Health)
		}
		out[inst.ext.Name] = err
	}
	return out
}
