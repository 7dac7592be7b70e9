// W1 in OPA's Go library: a prepared query for each type, the row as a parsed value. opa FOLDER RULES; translate.py makes RULES.
package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"log"
	"os"
	"strings"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/rego"

	"polku-bench-peers/peer"
)

func main() {
	ctx := context.Background()
	rows := peer.Load(os.Args[1])
	file, err := os.Open(os.Args[2])
	if err != nil {
		log.Fatal(err)
	}
	modules := map[string]*strings.Builder{}
	var module *strings.Builder
	lines := bufio.NewScanner(file)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		if name, is := strings.CutPrefix(lines.Text(), "# package "); is {
			module = &strings.Builder{}
			modules[name] = module
			fmt.Fprintln(module, "package", name)
			continue
		}
		fmt.Fprintln(module, lines.Text())
	}
	queries := make([]*rego.PreparedEvalQuery, 64)
	for name, module := range modules {
		query, err := rego.New(rego.Query("data."+name+".ids"), rego.Module(name+".rego", module.String())).PrepareForEval(ctx)
		if err != nil {
			log.Fatal(err)
		}
		var what int
		fmt.Sscanf(name, "t%d", &what)
		queries[what] = &query
	}
	names := make([]*ast.Term, rows.Width)
	for a := range names {
		names[a] = ast.StringTerm(fmt.Sprint("a", a))
	}
	peer.Serve(rows, func(values []int32, ids []uint32) []uint32 {
		query := queries[values[0]]
		if query == nil {
			return ids
		}
		input := ast.NewObject()
		for a, v := range values {
			input.Insert(names[a], ast.IntNumberTerm(int(v)))
		}
		found, err := query.Eval(ctx, rego.EvalParsedInput(input))
		if err != nil {
			log.Fatal(err)
		}
		for _, id := range found[0].Expressions[0].Value.([]any) {
			n, _ := id.(json.Number).Int64()
			ids = append(ids, uint32(n))
		}
		return ids
	})
}
