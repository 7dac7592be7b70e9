// Package peer is what W1's engines in Go share: the rows, and the lines they speak (tests/bench/peers/peers.js).
package peer

import (
	"bufio"
	"encoding/binary"
	"fmt"
	"log"
	"os"
	"path/filepath"
	"slices"
)

// Rows are those of rows.bin.
type Rows struct {
	Count, Width int
	values       []int32
}

// Row is one of them; its first value is the type.
func (r Rows) Row(i int) []int32 { return r.values[i*r.Width : (i+1)*r.Width] }

// Load reads rows.bin of a folder that tests/bench/w1.py made.
func Load(folder string) Rows {
	bytes, err := os.ReadFile(filepath.Join(folder, "rows.bin"))
	if err != nil || len(bytes) < 12 {
		log.Fatal("rows.bin: ", err)
	}
	r := Rows{Count: int(binary.LittleEndian.Uint32(bytes[4:])), Width: int(binary.LittleEndian.Uint32(bytes[8:]))}
	r.values = make([]int32, r.Count*r.Width)
	for i := range r.values {
		r.values[i] = int32(binary.LittleEndian.Uint32(bytes[12+4*i:]))
	}
	return r
}

// Serve answers until the input ends. match appends the rules that hold for a row to ids.
func Serve(rows Rows, match func(row []int32, ids []uint32) []uint32) {
	fmt.Println("ready")
	in := bufio.NewScanner(os.Stdin)
	var ids []uint32
	for in.Scan() {
		var what, name string
		var count int
		fmt.Sscan(in.Text(), &what, &count, &name)
		matches := 0
		var sets []byte
		for i := range min(count, rows.Count) {
			ids = match(rows.Row(i), ids[:0])
			matches += len(ids)
			if what != "sets" {
				continue
			}
			slices.Sort(ids)
			sets = binary.LittleEndian.AppendUint32(sets, uint32(len(ids)))
			for _, id := range ids {
				sets = binary.LittleEndian.AppendUint32(sets, id)
			}
		}
		if what == "sets" {
			if err := os.WriteFile(name, sets, 0o644); err != nil {
				log.Fatal(err)
			}
		}
		fmt.Println("done", matches)
	}
}
