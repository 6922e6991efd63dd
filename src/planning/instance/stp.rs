//! Graphs with terminals: the format of `SteinLib` (`.stp`), which PACE 2018 (`.gr`) and the DIMACS
//! challenge of 2014 (prizes) use too. `docs/solve.md` describes it.

use std::collections::BTreeMap;

use super::decimal::Decimal;
use super::{InstanceError, Reason, Unit};
use crate::graph::{EDGES_MAX, Edge, Graph, NODES_MAX, TOTAL_MAX};
use crate::route::Problem;

/// A problem read from a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stp {
    /// The graph; node 1 of the file is node 0 here.
    pub graph: Graph,
    /// What must be connected.
    pub terminals: Vec<u32>,
    /// By node: its prize, in units; 0 for most.
    pub prizes: Vec<u64>,
    /// The root that the file names.
    pub root: Option<u32>,
    /// The unit of weights and prizes.
    pub unit: Unit,
}

impl Stp {
    /// The Steiner tree problem of the file; a root that it names is a terminal.
    #[must_use]
    pub fn steiner(self) -> Problem {
        let terminals: Vec<u32> = self.terminals.into_iter().chain(self.root).collect();
        Problem::steiner(self.graph, &terminals)
    }

    /// The prize-collecting problem of the file, with `root` before the one that it names. Terminals
    /// without a prize must be connected.
    #[must_use]
    pub fn prize_collecting(self, root: Option<u32>) -> Problem {
        let mut problem = Problem::prize_collecting(self.graph, self.prizes, root.or(self.root));
        for node in self.terminals {
            if let Some(required) = problem.required.get_mut(node as usize) {
                *required = true;
            }
        }
        problem
    }
}

/// The words of one line, one after the other.
struct Words<'a>(std::str::SplitWhitespace<'a>);

impl<'a> Words<'a> {
    fn next(&mut self, what: &'static str) -> Result<&'a str, Reason> {
        self.0.next().ok_or(Reason::Missing(what))
    }

    fn count(&mut self, what: &'static str) -> Result<u64, Reason> {
        let word = self.next(what)?;
        word.parse().map_err(|_| Reason::Number {
            field: what,
            given: word.chars().take(40).collect(),
        })
    }

    fn decimal(&mut self, what: &'static str) -> Result<Decimal, Reason> {
        Decimal::read(what, self.next(what)?)
    }

    fn end(&mut self) -> Result<(), Reason> {
        match self.0.next() {
            Some(word) => Err(Reason::TooMuch(word.chars().take(40).collect())),
            None => Ok(()),
        }
    }
}

#[derive(Debug, Default)]
struct Reader {
    /// The section at hand, in lower case.
    section: Option<String>,
    nodes: Option<u64>,
    edges_announced: Option<u64>,
    edges: Vec<([u32; 2], Decimal)>,
    terminals_announced: Option<u64>,
    terminals_given: u64,
    terminals: Vec<u32>,
    prizes: BTreeMap<u32, Decimal>,
    root: Option<u32>,
}

/// Reads a file.
pub fn read(text: &str) -> Result<Stp, InstanceError> {
    let mut reader = Reader::default();
    let mut last = 0;
    for (number, line) in (1..).zip(text.lines()) {
        last = number;
        let words: Words<'_> = Words(line.split_whitespace());
        let more = reader.line(words).map_err(|reason| reason.at(number))?;
        if !more {
            break;
        }
    }
    reader.finish().map_err(|reason| reason.at(last.max(1)))
}

impl Reader {
    /// Takes in a line; false at the end of the file's content.
    fn line(&mut self, mut words: Words<'_>) -> Result<bool, Reason> {
        let Ok(first) = words.next("keyword") else {
            return Ok(true);
        };
        let keyword = first.to_ascii_lowercase();
        let comment = first.starts_with('#') || keyword == "33d32945";
        if comment {
            return Ok(true);
        }
        let Some(section) = self.section.clone() else {
            return match keyword.as_str() {
                "section" => {
                    self.section = Some(words.next("name of the section")?.to_ascii_lowercase());
                    words.end()?;
                    Ok(true)
                }
                "eof" => Ok(false),
                _ => Err(Reason::Keyword(first.chars().take(40).collect())),
            };
        };
        if keyword == "end" {
            self.section = None;
            return self.close(&section).map(|()| true);
        }
        let known = match section.as_str() {
            "graph" => self.graph_line(&keyword, &mut words)?,
            "terminals" => self.terminal_line(&keyword, &mut words)?,
            // What a problem is called, how it is drawn, what is known of it: not needed.
            _ => return Ok(true),
        };
        if !known {
            return Err(Reason::Keyword(first.chars().take(40).collect()));
        }
        words.end()?;
        Ok(true)
    }

    fn graph_line(&mut self, keyword: &str, words: &mut Words<'_>) -> Result<bool, Reason> {
        match keyword {
            "nodes" => set(&mut self.nodes, "Nodes", words.count("number of nodes")?)?,
            "edges" => {
                let count = words.count("number of edges")?;
                set(&mut self.edges_announced, "Edges", count)?;
            }
            "e" => {
                let ends = [self.node(words)?, self.node(words)?];
                self.edges.push((ends, words.decimal("weight")?));
                limit("edges", self.edges.len(), EDGES_MAX)?;
            }
            "a" | "arcs" => return Err(Reason::Directed),
            _ => return Ok(false),
        }
        Ok(true)
    }

    fn terminal_line(&mut self, keyword: &str, words: &mut Words<'_>) -> Result<bool, Reason> {
        match keyword {
            "terminals" => {
                let count = words.count("number of terminals")?;
                set(&mut self.terminals_announced, "Terminals", count)?;
            }
            "t" => {
                let node = self.node(words)?;
                self.terminals.push(node);
                self.terminals_given += 1;
            }
            "tp" => {
                let node = self.node(words)?;
                let prize = words.decimal("prize")?;
                if self.prizes.insert(node, prize).is_some() {
                    return Err(Reason::Twice("the prize of a node"));
                }
                self.terminals_given += 1;
            }
            "root" | "rootp" => {
                let node = self.node(words)?;
                set(&mut self.root, "Root", node)?;
            }
            _ => return Ok(false),
        }
        Ok(true)
    }

    /// A node of the graph, counted from 0 (from 1 in the file).
    fn node(&self, words: &mut Words<'_>) -> Result<u32, Reason> {
        let given = words.count("node")?;
        let nodes = self
            .nodes
            .ok_or(Reason::Missing("Nodes, before any node,"))?;
        let node = given.checked_sub(1).filter(|node| *node < nodes);
        let node = node.and_then(|node| u32::try_from(node).ok());
        node.ok_or(Reason::Node { given, nodes })
    }

    /// Holds a section against what it announced.
    fn close(&mut self, section: &str) -> Result<(), Reason> {
        let (what, announced, given) = match section {
            "graph" => ("edges", self.edges_announced, self.edges.len() as u64),
            "terminals" => ("terminals", self.terminals_announced, self.terminals_given),
            _ => return Ok(()),
        };
        match announced {
            Some(announced) if announced != given => Err(Reason::Count {
                what,
                announced,
                given,
            }),
            _ => Ok(()),
        }
    }

    fn finish(self) -> Result<Stp, Reason> {
        if let Some(section) = self.section {
            return Err(Reason::Open(section));
        }
        let nodes = self
            .nodes
            .ok_or(Reason::Missing("Nodes in SECTION Graph"))?;
        let nodes = usize::try_from(nodes).unwrap_or(usize::MAX);
        limit("nodes", nodes, NODES_MAX)?;
        let weights = self.edges.iter().map(|(_, weight)| *weight);
        let numbers = weights.chain(self.prizes.values().copied());
        let decimals = numbers.clone().map(Decimal::decimals).max().unwrap_or(0);
        numbers
            .map(|number| number.units(decimals))
            .try_fold(0_u64, |sum, units| sum.checked_add(units?))
            .filter(|total| *total <= TOTAL_MAX)
            .ok_or(Reason::TooHeavy)?;
        let units = |number: Decimal| number.units(decimals).unwrap_or(u64::MAX);
        let mut prizes = vec![0; nodes];
        for (node, prize) in self.prizes {
            if let Some(place) = prizes.get_mut(node as usize) {
                *place = units(prize);
            }
        }
        let edges = self.edges.into_iter().map(|(ends, weight)| Edge {
            ends,
            weight: units(weight),
        });
        let graph = Graph::new(nodes, edges.collect());
        Ok(Stp {
            graph: graph.map_err(|error| Reason::Graph(error.to_string()))?,
            terminals: self.terminals,
            prizes,
            root: self.root,
            unit: Unit { decimals },
        })
    }
}

fn set<T>(place: &mut Option<T>, what: &'static str, value: T) -> Result<(), Reason> {
    if place.replace(value).is_some() {
        return Err(Reason::Twice(what));
    }
    Ok(())
}

fn limit(what: &'static str, given: usize, most: usize) -> Result<(), Reason> {
    if given <= most {
        return Ok(());
    }
    let most = most as u64;
    Err(Reason::TooMany { what, most })
}

#[cfg(test)]
mod tests {
    use super::*;

    const SMALL: &str = "33D32945 STP File, STP Format Version 1.0\n\nSECTION Comment\nName \"x\"\nEND\n\
        SECTION Graph\nNodes 3\nEdges 2\nE 1 2 5\nE 2 3 1.5\nEND\n\
        SECTION Terminals\nTerminals 2\nRoot 1\nTP 3 4\nTP 2 0.25\nEND\n\nEOF\n";

    #[test]
    fn graph_prizes_and_root_are_read_in_one_unit() {
        let stp = read(SMALL).unwrap();
        assert_eq!((stp.unit.decimals(), stp.root), (2, Some(0)));
        assert_eq!(stp.graph.weight(0), 500);
        assert_eq!(stp.prizes, [0, 25, 400]);
        assert!((stp.unit.value(525) - 5.25).abs() < f64::EPSILON);
    }

    #[test]
    fn what_is_wrong_is_named_with_its_line() {
        let says = |from: &str, to: &str| read(&SMALL.replace(from, to)).unwrap_err().to_string();
        assert_eq!(
            says("E 2 3 1.5", "E 2 4 1.5"),
            "line 10: node 4 is not among 1 to 3"
        );
        assert_eq!(says("E 2 3 1.5", "E 2 3"), "line 10: weight is missing");
        assert!(says("E 2 3 1.5", "E 2 3 -1").starts_with("line 10: weight: \"-1\""));
        assert_eq!(
            says("Edges 2", "Edges 3"),
            "line 11: 3 edges were announced, 2 are given"
        );
        assert_eq!(
            says("TP 2", "TP 3"),
            "line 16: the prize of a node is given twice"
        );
        assert_eq!(
            says("E 1 2 5", "E 1 2 5 6"),
            "line 9: \"6\" is too much on this line"
        );
        assert_eq!(
            says("E 1 2 5", "A 1 2 5"),
            format!("line 9: {}", Reason::Directed)
        );
        assert_eq!(
            says("Nodes 3\n", ""),
            "line 8: Nodes, before any node, is missing"
        );
        assert_eq!(
            says("END\n\nEOF\n", ""),
            "line 16: the section \"terminals\" has no END"
        );
        assert_eq!(
            says("SECTION Graph", "Graph"),
            "line 6: \"Graph\" is not known here"
        );
        assert_eq!(
            read("").unwrap_err().to_string(),
            "line 1: Nodes in SECTION Graph is missing"
        );
        assert!(says("E 1 2 5", "E 1 2 999999999999999999").contains("add up"));
    }
}
