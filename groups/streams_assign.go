package groups

import (
	"cmp"
	"maps"
	"slices"
)

// worker is a member while tasks are shared out.
type worker struct {
	id, process string
	had, gets   taskSet
}

func (w *worker) load() int { return len(w.gets.active) + len(w.gets.standby) }

// shareTasks gives every task to one member, and copies of those with state to members of other processes
// (StickyTaskAssignor). A task stays where it was as long as no member has more than its part; one that moves goes
// where a copy of it was, if there is room.
func (s *streams) shareTasks(l *layout, standbys int32) map[string]taskSet {
	var all []*worker
	for _, id := range slices.Sorted(s.members.keys()) {
		all = append(all, &worker{id: id, process: s.members.at(id).processID, had: s.target.at(id)})
	}
	var tasks []task
	for _, sub := range slices.Sorted(maps.Keys(l.tasks)) {
		for i := range l.tasks[sub] {
			tasks = append(tasks, task{sub: sub, index: i})
		}
	}
	if len(all) > 0 {
		shareActive(all, tasks)
		shareStandby(all, slices.DeleteFunc(slices.Clone(tasks), func(t task) bool { return !l.stateful[t.sub] }), standbys)
	}
	shares := make(map[string]taskSet, len(all))
	for _, w := range all {
		sortedTasks(w.gets.active)
		sortedTasks(w.gets.standby)
		shares[w.id] = w.gets
	}
	return shares
}

func shareActive(all []*worker, tasks []task) {
	part, more := len(tasks)/len(all), len(tasks)%len(all) // so many members may have one more
	give := func(w *worker, t task) bool {
		n := len(w.gets.active)
		if n > part || n == part && more == 0 {
			return false
		}
		if n == part {
			more--
		}
		w.gets.active = append(w.gets.active, t)
		return true
	}
	owner := make(map[task]*worker)
	copies := make(map[task][]*worker)
	for _, w := range all {
		for _, t := range w.had.active {
			owner[task{sub: t.sub, index: t.index}] = w
		}
		for _, t := range slices.Concat(w.had.standby, w.had.warmup) {
			t = task{sub: t.sub, index: t.index}
			copies[t] = append(copies[t], w)
		}
	}
	var moving, homeless []task
	for _, t := range tasks {
		if w := owner[t]; w == nil || !give(w, t) {
			moving = append(moving, t)
		}
	}
	for _, t := range moving {
		if !slices.ContainsFunc(copies[t], func(w *worker) bool { return give(w, t) }) {
			homeless = append(homeless, t)
		}
	}
	for _, t := range homeless {
		w := slices.MinFunc(all, func(a, b *worker) int { return cmp.Compare(len(a.gets.active), len(b.gets.active)) })
		give(w, t)
	}
}

// shareStandby never puts a copy into a process that has the task already. There may be fewer processes than
// copies.
func shareStandby(all []*worker, tasks []task, standbys int32) {
	if standbys <= 0 {
		return
	}
	taken := make(map[task]map[string]bool) // processes by task
	for _, w := range all {
		for _, t := range w.gets.active {
			taken[t] = map[string]bool{w.process: true}
		}
	}
	for _, t := range tasks {
		for range standbys {
			var best *worker
			for _, w := range all {
				if taken[t][w.process] {
					continue
				}
				if best == nil || w.better(best, t) {
					best = w
				}
			}
			if best == nil {
				break
			}
			best.gets.standby = append(best.gets.standby, t)
			taken[t][best.process] = true
		}
	}
}

// better tells whether a copy is rather for w than for o: for one that had it, unless that has more to do by more
// than a task; else for the one with less to do.
func (w *worker) better(o *worker, t task) bool {
	had := func(w *worker) bool { return hasTask(w.had.standby, t) || hasTask(w.had.active, t) }
	switch a, b := had(w), had(o); {
	case a && !b:
		return w.load() <= o.load()+1
	case b && !a:
		return w.load()+1 < o.load()
	}
	return w.load() < o.load()
}
