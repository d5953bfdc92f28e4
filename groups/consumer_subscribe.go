package groups

import (
	"slices"

	"weir/coordinator"
)

// subscribe stores what a member says about itself, and begins a new epoch of the group if that, or what has
// become of the topics, changes who should read what. It tells whether the member reads something else now.
func (m *machine) subscribe(tx *coordinator.Tx, groupID string, c *consumer, before, next *consumerMember) bool {
	if c.members.at(next.id) == nil || !next.sameSubscriber(before) {
		tx.Append(groupID, consumerMemberRecord(groupID, next))
		c = m.groups[groupID].orNew(c)
		m.rewindIfRefused(tx, groupID, c)
	}
	bump := !slices.Equal(before.topics, next.topics)
	changed := bump
	left, entered := before.regexOrNone(), next.regexOrNone()
	if left != entered {
		changed = true
		if left != "" && c.readers.at(left) == 0 {
			tx.Append(groupID, consumerTombstone(keyRegex, groupID, left))
		}
		bump = bump || entered == "" || c.regexes.at(entered) != nil
	}
	bump = m.refreshRegexes(tx, groupID, c) || bump
	image := m.image()
	if !bump && c.revision == image.Revision {
		return changed
	}
	hash := m.topicsHash(image, c.topics())
	if bump || hash != c.hash {
		tx.Append(groupID, consumerGroupRecord(groupID, c.epoch+1, hash))
		m.logger.Info("consumer group has a new epoch", "group", groupID, "epoch", c.epoch)
	}
	if c.hasTopics {
		tx.Append(groupID, consumerTombstone(keyConsumerTopics, groupID))
	}
	c.revision = image.Revision
	return changed
}

// regexMinIntervalMs is how long the topics of regular expressions are not looked for again.
const regexMinIntervalMs = 10_000

// regexQuickTopics is with how many topics in the cluster a new expression is resolved at once, however often
// that is asked for.
const regexQuickTopics = 1000

// refreshRegexes resolves the expressions that are new, and all of them when topics have come or it is long
// ago. It tells whether any of them stands for something else now.
func (m *machine) refreshRegexes(tx *coordinator.Tx, groupID string, c *consumer) (changed bool) {
	if c.readers.len() == 0 {
		return false
	}
	view, nowMs := m.view.now.Load(), tx.Now.UnixMilli()
	stale, lastMs := false, int64(-1)
	for _, r := range c.regexes.all() {
		lastMs = max(lastMs, r.timestampMs)
		stale = stale || r.version < view.grown ||
			nowMs > r.timestampMs+m.config.Consumer.RegexRefreshInterval.Milliseconds()
	}
	rested := lastMs < 0 || nowMs > lastMs+regexMinIntervalMs
	for _, regex := range slices.Sorted(c.readers.keys()) {
		old := c.regexes.at(regex)
		quick := old == nil && len(view.image.Topics()) <= regexQuickTopics
		if !quick && (!rested || old != nil && !stale) {
			continue
		}
		found := resolve(regex, view.image, nowMs)
		changed = changed || old == nil && len(found.topics) > 0 || old != nil && !slices.Equal(old.topics, found.topics)
		tx.Append(groupID, regexRecord(groupID, regex, found))
	}
	return changed
}
