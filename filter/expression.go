package filter

import (
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/common/types"

	"weir/record"
)

// Bounds of the evaluation for one record. A comparison costs about one unit; going over a text costs by its length.
const (
	maxCost   = 1000
	maxMemory = 4 << 20 // bytes
)

// expression is a CEL expression that gives a truth value.
type expression struct{ program cel.Program }

// environment knows what expressions may speak of. It is made when the first is compiled: most brokers have none.
var environment = sync.OnceValues(func() (*cel.Env, error) {
	return cel.NewEnv(
		cel.Variable("key", cel.StringType),
		cel.Variable("headers", cel.MapType(cel.StringType, cel.StringType)),
		cel.Variable("routing_key", cel.StringType),
		cel.Variable("partition", cel.IntType),
		cel.Variable("offset", cel.IntType),
		cel.Variable("timestamp", cel.TimestampType),
		cel.ExtendedValidations(),
		cel.ParserExpressionSizeLimit(maxText),
		cel.ExpressionNestingDepthLimit(64),
		cel.RegexProgramSizeLimit(1000),
	)
})

var errNoTruth = errors.New("the filter's expression must be true or false")

func compileExpression(text string) (*expression, error) {
	env, err := environment()
	if err != nil {
		panic("BUG: make the environment of filters: " + err.Error())
	}
	ast, issues := env.Compile(text)
	if err := issues.Err(); err != nil {
		return nil, fmt.Errorf("compile the filter: %w", err)
	}
	if ast.OutputType() != cel.BoolType {
		return nil, fmt.Errorf("%w, it is %s", errNoTruth, ast.OutputType())
	}
	program, err := env.Program(ast, cel.EvalOptions(cel.OptOptimize), cel.CostLimit(maxCost), cel.MemoryLimit(maxMemory))
	if err != nil {
		return nil, fmt.Errorf("compile the filter: %w", err)
	}
	return &expression{program}, nil
}

// holds evaluates the expression for a record.
func (e *expression) holds(r *record.Record, partition int32) bool {
	got, _, err := e.program.Eval(&variables{record: r, partition: partition})
	return err == nil && got == types.True
}

// variables gives an expression those that it asks for.
type variables struct {
	record    *record.Record
	partition int32
	headers   map[string]string // made when it is asked for
}

// Parent implements cel.Activation.
func (v *variables) Parent() cel.Activation { return nil }

// ResolveName implements cel.Activation. Bytes that are no UTF-8 are replaced; of several headers of one name the last counts.
func (v *variables) ResolveName(name string) (any, bool) {
	switch name {
	case "key":
		return strings.ToValidUTF8(string(v.record.Key), "\uFFFD"), true
	case "headers":
		if v.headers == nil {
			v.headers = make(map[string]string, len(v.record.Headers))
			for _, h := range v.record.Headers {
				v.headers[h.Key] = strings.ToValidUTF8(string(h.Value), "\uFFFD")
			}
		}
		return v.headers, true
	case "routing_key":
		return strings.ToValidUTF8(routingKey(v.record), "\uFFFD"), true
	case "partition":
		return int64(v.partition), true
	case "offset":
		return v.record.Offset, true
	case "timestamp":
		return time.UnixMilli(v.record.Timestamp).UTC(), true
	}
	return nil, false
}
