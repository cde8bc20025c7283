package component

// Waiting returns how many requests the lanes of a mux hold that do not run.
func Waiting(m *Mux) int {
	n := 0
	for _, inst := range m.table.Load().insts {
		inst.lane.mu.Lock()
		n += len(inst.lane.queue.list) - inst.lane.queue.head
		for _, chain := range inst.lane.chains {
			n += len(chain.list) - chain.head
		}
		inst.lane.mu.Unlock()
	}
	return n
}
