package mutants

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"weir/tests/brokers"
)

// mutants names each fault and the tests that must fail with it.
var mutants = []struct{ tag, pkg, run string }{
	{"mutant_ack_before_fsync", "weir/partition", "TestNothingIsVisibleBeforeTheSync"},
	{"mutant_ack_before_fsync", "weir/tests/crash", "TestCrashBeforeEveryOperation"},
	{"mutant_ignore_fsync_error", "weir/partition", "TestFailedSyncIsFinal"},
	{"mutant_ack_before_journal", "weir/tests/crash", "TestCrashBeforeEveryOperation"},
	{"mutant_ack_before_journal", "weir/tests/crash", "TestCrashWhileRoundsOverlap"},
	{"mutant_round_ends_early", "weir/log", "TestRoundFailsWithTheOneBefore"},
	{"mutant_any_generation", "weir/log/journal", "TestOldGenerationsAreNotRead"},
	{"mutant_trust_index", "weir/segment", "TestLyingIndexes"},
	{"mutant_skip_frame_sum", "weir/segment", "TestHarmedFrames"},
	{"mutant_swap_before_sync", "weir/tests/crash", "TestCrashBeforeEveryOperation/compressed"},
	{"mutant_truncate_middle", "weir/tests/crash", "TestBitFlips"},
	{"mutant_answer_before_durable", "weir/groups", "TestCommitsSurvivePowerCuts"},
	{"mutant_commit_in_memory", "weir/groups", "TestCommitsSurvivePowerCuts"},
	{"mutant_commit_in_memory", "weir/tests/kill", "TestKillCommits"},
	{"mutant_whole_gaps", "weir/coordinator", "TestRandomTransactions"},
	{"mutant_any_marker", "weir/coordinator", "TestRandomTransactions"},
	{"mutant_end_any_epoch", "weir/txn", "TestConversations"},
	{"mutant_end_any_epoch", "weir/tests/transactions", "TestTransactions"},
	{"mutant_markers_early", "weir/txn", "TestEndsSurvivePowerCuts"},
	{"mutant_answer_before_durable", "weir/txn", "TestEndsSurvivePowerCuts"},
	{"mutant_hear_nothing", "weir/broker", "TestLateRequests"},
	{"mutant_hear_nothing", "weir/tests/transactions", "TestTransactions"},
	{"mutant_lso_ignores_open", "weir/tests/transactions", "TestTransactions"},
	{"mutant_dedup_of_four", "weir/tests/transactions", "TestTransactions"},
	{"mutant_commit_in_memory", "weir/tests/transactions", "TestTransactions"},
	{"mutant_answer_before_durable", "weir/share", "TestSettledSurvivesPowerCuts"},
	{"mutant_letter_after_archive", "weir/share", "TestSettledSurvivesPowerCuts"},
	{"mutant_forget_ids", "weir/partition", "TestDedupSurvivesPowerCuts"},
	{"mutant_share_stateless", "weir/groups", "TestRandomShareGroup"},
	{"mutant_forget_ids", "weir/tests/kill", "TestKillShare/dedup"},
	{"mutant_settle_in_memory", "weir/tests/kill", "TestKillShare/order"},
	{"mutant_unfair", "weir/tests/kill", "TestKillShare/priority"},
	{"mutant_forget_locks", "weir/tests/kill", "TestKillShare/limit"},
	{"mutant_letter_after_archive", "weir/tests/kill", "TestKillShare/letters"},
	{"mutant_keep_first", "weir/tests/kill", "TestKillRedrive/dedup"},
	{"mutant_forget_locks", "weir/share", "TestLocksEnd"},
	{"mutant_swap_unsynced", "weir/tests/crash", "TestCrashWhileCompacting"},
	{"mutant_keep_oldest", "weir/log", "TestCompactKeepsTheNewest"},
	{"mutant_no_horizon", "weir/log", "TestTombstonesStayUntilTheirHorizon"},
}

// byChance are the tests that meet a fault only with luck: most runs do, and one of `tries` must.
var byChance = []string{"TestKillRedrive/dedup", "TestKillShare/dedup", "TestKillShare/letters", "TestKillShare/limit", "TestKillShare/order",
	"TestKillShare/priority", "TestTransactions", "TestEndsSurvivePowerCuts"}

const tries = 6

func TestEachMutantIsCaught(t *testing.T) {
	if testing.Short() {
		t.Skip("runs tests once per fault; the whole run does")
	}
	b := build(t)
	sound := map[string]func() error{} // tests that must pass without a fault: each is tried once
	for _, m := range mutants {
		if test := m.pkg + "." + m.run; sound[test] == nil {
			sound[test] = sync.OnceValue(func() error {
				if out, err := b.run(m.pkg, m.run, ""); err != nil {
					return fmt.Errorf("without the fault the test must pass: %w\n%s", err, out)
				}
				return nil
			})
		}
		t.Run(m.tag+"/"+m.run, func(t *testing.T) {
			t.Parallel() // some of them work, some wait
			if err := sound[m.pkg+"."+m.run](); err != nil {
				t.Fatal(err)
			}
			out, err := b.run(m.pkg, m.run, m.tag)
			for n := 1; err == nil && n < tries && slices.Contains(byChance, m.run); n++ {
				out, err = b.run(m.pkg, m.run, m.tag)
			}
			var exit *exec.ExitError
			if err == nil || !errors.As(err, &exit) {
				t.Fatalf("the fault was not caught: %v\n%s", err, out)
			}
			if !strings.Contains(out, "--- FAIL: "+m.run) {
				t.Fatalf("it failed, but not by %s:\n%s", m.run, out)
			}
		})
	}
}

// built are the tests' programs and Weir with all faults in them.
type built struct{ root, dir string }

// build compiles them, once for all faults.
func build(t *testing.T) built {
	t.Helper()
	b := built{brokers.MustRoot(t), t.TempDir()}
	tests := []string{"test", "-c", "-tags=kill,mutants", "-o", b.dir + "/"}
	for _, m := range mutants {
		if !slices.Contains(tests, m.pkg) {
			tests = append(tests, m.pkg)
		}
	}
	for _, args := range [][]string{tests, {"build", "-tags=mutants", "-o", filepath.Join(b.dir, "weir"), "./cmd/weir"}} {
		cmd := exec.Command("go", args...)
		cmd.Dir = b.root
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("go %s: %v\n%s", args[0], err, out)
		}
	}
	return b
}

// run runs one test of one package, with a fault or, for "", without, until it fails, and gives what it printed. The programs that the
// test starts have the fault too.
func (b built) run(pkg, name, tag string) (string, error) {
	pattern := "^" + strings.ReplaceAll(name, "/", "$/^") + "$"
	cmd := exec.Command(filepath.Join(b.dir, path.Base(pkg)+".test"), "-test.short", "-test.failfast", "-test.timeout=5m", "-test.run="+pattern)
	cmd.Dir = filepath.Join(b.root, strings.TrimPrefix(pkg, "weir/"))
	cmd.Env = append(os.Environ(), "WEIR_BIN="+filepath.Join(b.dir, "weir"), "MUTANT="+tag, "WEIR_KILLS=8", "WEIR_TXN_KILLS=8", "WEIR_TXN_LATE=80")
	out, err := cmd.CombinedOutput()
	return string(out), err
}
