package groups

import (
	"cmp"
	"container/heap"
	"maps"
	"slices"
)

// taskSharing is tasks while they are shared out to the members of a streams group (StickyTaskAssignor).
type taskSharing struct {
	members     map[string]*worker
	processes   []*process // sorted by id
	standbys    int32
	prevActive  map[task]*worker   // who had a task as an active one
	prevStandby map[task][]*worker // who had a copy, or has state of it on its disk; the best first

	active, all quota
}

// worker is a member while tasks are shared out.
type worker struct {
	id      string
	process *process
	gets    taskSet
}

func (w *worker) load() int { return len(w.gets.active) + len(w.gets.standby) }

// process is members that share a disk.
type process struct {
	id      string
	workers []*worker // sorted by id
	byLoad  byLoad[*worker]
	has     map[task]bool
}

// load is how many tasks a member of the process has on average.
func (p *process) load() float64 { return float64(len(p.has)) / float64(len(p.workers)) }

// quota is how many tasks each of the members that have not got their part yet may have.
type quota struct{ tasks, members, each int }

func quotaOf(tasks, members int) quota {
	return quota{tasks, members, (tasks + members - 1) / max(members, 1)}
}

// reached takes a member that has its part out of the sharing.
func (q *quota) reached(has int) {
	if has == q.each {
		*q = quotaOf(q.tasks-has, q.members-1)
	}
}

// shareTasks gives every task to one member, and copies of those with state to members of other processes. A task
// stays where it was as long as no member has more than its part; one that moves goes where a copy of it was, if there is room.
func (s *streams) shareTasks(l *layout, standbys int32) map[string]taskSet {
	sh := s.newSharing(l, standbys)
	if len(sh.members) > 0 {
		sh.shareActive(tasksOf(l.tasks))
		if standbys > 0 {
			sh.shareStandby(slices.DeleteFunc(tasksOf(l.tasks), func(t task) bool { return !l.stateful[t.sub] }))
		}
	}
	shares := make(map[string]taskSet, len(sh.members))
	for id, w := range sh.members {
		sortedTasks(w.gets.active)
		sortedTasks(w.gets.standby)
		shares[id] = w.gets
	}
	return shares
}

// tasksOf gives the tasks of subtopologies.
func tasksOf(counts map[string]int32) []task {
	var tasks []task
	for _, sub := range slices.Sorted(maps.Keys(counts)) {
		for i := range counts[sub] {
			tasks = append(tasks, task{sub: sub, index: i})
		}
	}
	return tasks
}

func (s *streams) newSharing(l *layout, standbys int32) *taskSharing {
	sh := &taskSharing{members: make(map[string]*worker), standbys: standbys, prevActive: make(map[task]*worker)}
	processes := make(map[string]*process)
	for _, id := range slices.Sorted(s.members.keys()) {
		in := s.members.at(id).processID
		p := processes[in]
		if p == nil {
			p = &process{id: in, has: make(map[task]bool)}
			processes[in] = p
		}
		w := &worker{id: id, process: p}
		p.workers = append(p.workers, w)
		sh.members[id] = w
		for _, t := range s.target.at(id).active {
			sh.prevActive[task{sub: t.sub, index: t.index}] = w
		}
	}
	for _, id := range slices.Sorted(maps.Keys(processes)) {
		sh.processes = append(sh.processes, processes[id])
	}
	sh.rankCopies(s)
	active, all := 0, 0
	for sub, n := range l.tasks {
		active, all = active+int(n), all+int(n)
		if l.stateful[sub] {
			all += int(n * standbys)
		}
	}
	sh.active, sh.all = quotaOf(active, len(sh.members)), quotaOf(all, len(sh.members))
	return sh
}

// rankCopies finds who could go on with a task: those that had a copy of it, then those that report offsets of its
// state; of each kind those first that are furthest.
func (sh *taskSharing) rankCopies(s *streams) {
	type candidate struct {
		*worker
		had    bool
		offset int64
	}
	all := make(map[task][]candidate)
	for _, id := range slices.Sorted(maps.Keys(sh.members)) {
		w, offsets := sh.members[id], make(map[task]int64)
		for _, o := range s.reported.at(id).offsets {
			offsets[task{sub: o.Subtopology, index: o.Partition}] = o.Offset
		}
		for _, t := range s.target.at(id).standby {
			t = task{sub: t.sub, index: t.index}
			all[t] = append(all[t], candidate{w, true, offsets[t]})
			delete(offsets, t)
		}
		for t, offset := range offsets {
			all[t] = append(all[t], candidate{w, false, offset})
		}
	}
	sh.prevStandby = make(map[task][]*worker, len(all))
	for t, list := range all {
		slices.SortStableFunc(list, func(a, b candidate) int {
			if a.had != b.had {
				if a.had {
					return -1
				}
				return 1
			}
			return cmp.Compare(b.offset, a.offset)
		})
		for _, c := range list {
			sh.prevStandby[t] = append(sh.prevStandby[t], c.worker)
		}
	}
}

// give gives a task to a member.
func (sh *taskSharing) give(w *worker, t task, active bool) {
	w.process.byLoad = byLoad[*worker]{}
	sh.add(w, t, active)
}

func (sh *taskSharing) add(w *worker, t task, active bool) {
	w.process.has[t] = true
	list := &w.gets.standby
	if active {
		list = &w.gets.active
	}
	*list = append(*list, t)
	if active {
		sh.active.reached(w.load())
	}
	sh.all.reached(w.load())
}

func (sh *taskSharing) shareActive(tasks []task) {
	slices.SortFunc(tasks, byPartition)
	tasks = slices.DeleteFunc(tasks, func(t task) bool {
		w := sh.prevActive[t]
		if w == nil || w.load() >= sh.active.each {
			return false
		}
		sh.give(w, t, true)
		return true
	})
	tasks = slices.DeleteFunc(tasks, func(t task) bool {
		w := leastLoaded(sh.prevStandby[t], func(*worker) bool { return true })
		if w == nil || w.load() >= sh.active.each {
			return false
		}
		sh.give(w, t, true)
		return true
	})
	slices.SortFunc(tasks, compareTasks)
	queue := sh.queue()
	for _, t := range tasks {
		p := queue.take()
		sh.giveLeast(p, t, true)
		queue.put(p)
	}
}

// byPartition compares tasks so that those of one partition stand together.
func byPartition(a, b task) int {
	return cmp.Or(cmp.Compare(a.index, b.index), cmp.Compare(a.sub, b.sub))
}

// leastLoaded gives the first of those that may, or a later one whose process and who itself have less to do.
func leastLoaded(list []*worker, may func(*worker) bool) (best *worker) {
	for _, w := range list {
		if may(w) && (best == nil || w.process.load() < best.process.load() && w.load() < best.load()) {
			best = w
		}
	}
	return best
}

// giveLeast gives a task to the member of a process that has least to do.
func (sh *taskSharing) giveLeast(p *process, t task, active bool) {
	if p.byLoad.less == nil {
		p.byLoad.less = func(a, b *worker) bool { return a.load() < b.load() }
		for _, w := range p.workers {
			p.byLoad.put(w)
		}
	}
	w := p.byLoad.take()
	sh.add(w, t, active)
	p.byLoad.put(w)
}

// queue gives the processes, that with the least to do first.
func (sh *taskSharing) queue() *byLoad[*process] {
	q := &byLoad[*process]{less: func(a, b *process) bool { return a.load() < b.load() }}
	for _, p := range sh.processes {
		q.put(p)
	}
	return q
}

// shareStandby never puts a copy into a process that has the task already. There may be fewer processes than
// copies.
func (sh *taskSharing) shareStandby(tasks []task) {
	type left struct {
		task
		copies int32
	}
	var homeless []left
	slices.SortFunc(tasks, func(a, b task) int { return byPartition(b, a) })
	for _, t := range tasks {
		for i := range sh.standbys {
			w := sh.prevActive[t]
			if w == nil || w.process.has[t] || w.load() >= sh.all.each {
				w = leastLoaded(sh.prevStandby[t], func(w *worker) bool { return !w.process.has[t] })
			}
			if w == nil || w.load() >= sh.all.each {
				homeless = append(homeless, left{t, sh.standbys - i})
				break
			}
			sh.give(w, t, false)
		}
	}
	slices.SortFunc(homeless, func(a, b left) int { return compareTasks(b.task, a.task) })
	queue := sh.queue()
	for _, h := range homeless {
		for range h.copies {
			if !sh.placeCopy(queue, h.task) {
				break
			}
		}
	}
}

// placeCopy gives a copy to the process with the least to do of those that do not have the task, if there is one.
func (sh *taskSharing) placeCopy(queue *byLoad[*process], t task) (placed bool) {
	var passed []*process
	for queue.Len() > 0 && !placed {
		p := queue.take()
		passed = append(passed, p)
		if !p.has[t] {
			sh.giveLeast(p, t, false)
			placed = true
		}
	}
	for _, p := range slices.Backward(passed) {
		queue.put(p)
	}
	return placed
}

// byLoad is a heap of what has something to do. What is in it does not change.
type byLoad[T any] struct {
	list []T
	less func(a, b T) bool
}

func (q *byLoad[T]) Len() int           { return len(q.list) }
func (q *byLoad[T]) Less(i, j int) bool { return q.less(q.list[i], q.list[j]) }
func (q *byLoad[T]) Swap(i, j int)      { q.list[i], q.list[j] = q.list[j], q.list[i] }
func (q *byLoad[T]) Push(v any)         { q.list = append(q.list, v.(T)) }
func (q *byLoad[T]) Pop() any {
	last := len(q.list) - 1
	v := q.list[last]
	q.list = q.list[:last]
	return v
}

func (q *byLoad[T]) put(v T) { heap.Push(q, v) }
func (q *byLoad[T]) take() T { return heap.Pop(q).(T) }
