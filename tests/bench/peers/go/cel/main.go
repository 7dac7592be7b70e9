// W1 in cel-go: a checked program a rule, the row as an activation of its own. cel FOLDER RULES; translate.py makes RULES.
package main

import (
	"bufio"
	"fmt"
	"log"
	"os"
	"strconv"
	"strings"

	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/interpreter"

	"polku-bench-peers/peer"
)

// row resolves a1 … without a map.
type row struct {
	values  []int32
	columns map[string]int
}

func (r *row) ResolveName(name string) (any, bool) {
	column, ok := r.columns[name]
	if !ok {
		return nil, false
	}
	return types.Int(r.values[column]), true
}

func (r *row) Parent() interpreter.Activation { return nil }

type rule struct {
	id      uint32
	program cel.Program
}

func main() {
	rows := peer.Load(os.Args[1])
	columns := map[string]int{}
	var variables []cel.EnvOption
	for a := range rows.Width {
		name := fmt.Sprint("a", a)
		columns[name] = a
		variables = append(variables, cel.Variable(name, cel.IntType))
	}
	env, err := cel.NewEnv(variables...)
	if err != nil {
		log.Fatal(err)
	}
	file, err := os.Open(os.Args[2])
	if err != nil {
		log.Fatal(err)
	}
	byType := make([][]rule, 64)
	for lines := bufio.NewScanner(file); lines.Scan(); {
		part := strings.SplitN(lines.Text(), "\t", 3)
		what, _ := strconv.Atoi(part[0])
		id, _ := strconv.Atoi(part[1])
		ast, issues := env.Compile(part[2])
		if issues.Err() != nil {
			log.Fatal(issues.Err())
		}
		program, err := env.Program(ast, cel.EvalOptions(cel.OptOptimize))
		if err != nil {
			log.Fatal(err)
		}
		byType[what] = append(byType[what], rule{uint32(id), program})
	}
	activation := &row{columns: columns}
	peer.Serve(rows, func(values []int32, ids []uint32) []uint32 {
		activation.values = values
		for _, r := range byType[values[0]] {
			is, _, err := r.program.Eval(activation)
			if err != nil {
				log.Fatal(err)
			}
			if is == types.True {
				ids = append(ids, r.id)
			}
		}
		return ids
	})
}
