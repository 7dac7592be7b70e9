//! W1 in a-tree: a tree for each type of event. peer-a-tree FOLDER RULES; translate.py makes RULES, peers.js says the lines it speaks.
use a_tree::{ATree, AttributeDefinition};
use std::io::{BufRead, Write};

fn main() {
    let args: Vec<String> = std::env::args().collect();
    let bytes = std::fs::read(format!("{}/rows.bin", args[1])).expect("rows.bin");
    let number = |at: usize| i32::from_le_bytes(bytes[at..at + 4].try_into().unwrap());
    let (rows, width) = (number(4) as usize, number(8) as usize);
    let values: Vec<i32> = (0..rows * width).map(|i| number(12 + 4 * i)).collect();
    let names: Vec<String> = (0..width).map(|a| format!("a{a}")).collect();
    let definitions: Vec<AttributeDefinition> = names.iter().map(|n| AttributeDefinition::integer(n)).collect();
    let mut trees: Vec<Option<ATree<u32>>> = (0..64).map(|_| None).collect();
    for line in std::fs::read_to_string(&args[2]).expect("rules").lines() {
        let part: Vec<&str> = line.splitn(3, '\t').collect();
        let tree = trees[part[0].parse::<usize>().unwrap()].get_or_insert_with(|| ATree::new(&definitions).unwrap());
        tree.insert(&part[1].parse::<u32>().unwrap(), part[2]).unwrap();
    }
    let find = |row: &[i32], ids: &mut Vec<u32>| {
        ids.clear();
        let Some(tree) = &trees[row[0] as usize] else { return };
        let mut event = tree.make_event();
        for (name, value) in names.iter().zip(row) {
            event.with_integer(name, i64::from(*value)).unwrap();
        }
        let event = event.build().unwrap();
        ids.extend(tree.search(&event).unwrap().matches().iter().map(|id| **id));
    };
    let mut out = std::io::stdout();
    let mut ids = Vec::new();
    writeln!(out, "ready").unwrap();
    for line in std::io::stdin().lock().lines() {
        let line = line.unwrap();
        let words: Vec<&str> = line.split(' ').collect();
        let (mut matches, mut sets) = (0, Vec::<u8>::new());
        for i in 0..words[1].parse::<usize>().unwrap().min(rows) {
            find(&values[i * width..(i + 1) * width], &mut ids);
            matches += ids.len();
            if words[0] == "sets" {
                ids.sort_unstable();
                sets.extend((ids.len() as u32).to_le_bytes());
                ids.iter().for_each(|id| sets.extend(id.to_le_bytes()));
            }
        }
        if words[0] == "sets" {
            std::fs::write(words[2], sets).unwrap();
        }
        writeln!(out, "done {matches}").unwrap();
        out.flush().unwrap();
    }
}
