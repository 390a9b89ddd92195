package process

// sink is where a capture puts what it reads, beside the exit report.
type sink interface {
	write([]byte)
	end()        // nothing more comes
	missed() int // what was dropped
}

// lineSink puts a stream into a queue line by line.
type lineSink struct {
	queue  *queue
	stream Stream
	split  splitter
}

func (s *lineSink) write(b []byte) { s.split.write(b, s.put) }

// end puts what is left of the last line.
func (s *lineSink) end() {
	s.split.end(s.put)
	s.queue.end()
}

func (s *lineSink) put(text []byte, continues bool) { s.queue.put(s.stream, text, continues) }
func (s *lineSink) missed() int                     { return s.queue.missedOf(s.stream) }

// chunkSink puts a stream into a queue as it comes.
type chunkSink struct {
	queue  *queue
	stream Stream
}

func (s *chunkSink) write(b []byte) { s.queue.put(s.stream, b, false) }
func (s *chunkSink) end()           { s.queue.end() }
func (s *chunkSink) missed() int    { return s.queue.missedOf(s.stream) }

// connect gives each capture the sink that c asks for, and returns the queues behind them.
func (c Command) connect(captures []*capture) (queues []*queue) {
	if c.OnLine == nil && c.OnChunk == nil {
		return nil
	}
	for _, each := range captures {
		q := newQueue(c.WhenSlow, c.maxLine(), 1, c.handler())
		if c.OnChunk != nil {
			q.measure = countBytes
			each.sink = &chunkSink{queue: q, stream: each.stream}
		} else {
			each.sink = c.lineSink(q, each.stream)
		}
		queues = append(queues, q)
	}
	return queues
}

// lineSink returns the sink that puts lines of c into q.
func (c Command) lineSink(q *queue, s Stream) sink {
	return &lineSink{queue: q, stream: s, split: splitter{max: c.maxLine()}}
}

// handler returns what a queue calls.
func (c Command) handler() func(item) {
	if c.OnChunk != nil {
		return func(i item) { c.OnChunk(Chunk{Stream: i.stream, Data: i.text, Missed: i.missed}) }
	}
	return func(i item) { c.OnLine(i.line()) }
}

// line returns i as a Line.
func (i item) line() Line {
	return Line{Stream: i.stream, Text: i.text, Continues: i.continues, Missed: i.missed}
}
