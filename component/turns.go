package component

// Turns are those who wait in a lane. Senders take turns, whoever has sent most: a
// flood makes its own sender wait, and each other one for no more than a turn of
// every sender that waits.
type turns struct {
	lines       map[string]*line // by bare sender
	first, last *line            // the one whose turn it is, and the one that has to wait longest
	size        int              // requests in all lines
	room        int              // from this size on it is worth the while to sweep
}

// A line is what one sender has waiting, in the order of arrival.
type line struct {
	sender string
	queue  queue
	next   *line
}

const leastRoom = 64

func (t *turns) push(r *Request) {
	sender := bareOf(r.From)
	l := t.lines[sender]
	if l == nil {
		if t.lines == nil {
			t.lines = map[string]*line{}
		}
		l = &line{sender: sender}
		t.lines[sender] = l
		t.behind(l)
	}
	l.queue.push(r)
	t.size++
}

// behind puts a line behind the others.
func (t *turns) behind(l *line) {
	l.next = nil
	if t.first == nil {
		t.first, t.last = l, l
		return
	}
	t.last.next = l
	t.last = l
}

func (t *turns) pop() *Request {
	l := t.first
	if l == nil {
		return nil
	}
	t.first = l.next
	r := l.queue.pop()
	t.size--
	if l.queue.empty() {
		delete(t.lines, l.sender)
	} else {
		t.behind(l)
	}
	return r
}

// sweep takes out those that have been answered while they waited, now and then:
// behind a handler that hangs they would be ever more.
func (t *turns) sweep() (dead []*Request) {
	if t.size < max(t.room, leastRoom) {
		return nil
	}
	all := t.first
	t.first, t.last, t.size = nil, nil, 0
	for l := all; l != nil; {
		next := l.next
		dead = append(dead, l.queue.purge()...)
		if l.queue.empty() {
			delete(t.lines, l.sender)
		} else {
			t.behind(l)
			t.size += l.queue.len()
		}
		l = next
	}
	t.room = 2 * t.size
	return dead
}
