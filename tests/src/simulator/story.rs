//! What happened in a world, for whoever has to find out why it broke. No decision is taken here.

use std::collections::VecDeque;

/// As many lines as a failure tells.
const MAX_LINES: usize = 30;

#[derive(Debug, Default)]
pub struct Story {
    last: VecDeque<String>,
    is_loud: bool,
    /// Whether what happens now is only what follows from what happened before.
    pub is_aside: bool,
}

impl Story {
    /// Tells every line as it happens.
    pub fn loud() -> Self {
        Self { is_loud: true, ..Self::default() }
    }

    pub fn tell(&mut self, line: String) {
        if self.is_loud {
            println!("{line}");
        }
        if self.is_aside {
            return;
        }
        if self.last.len() == MAX_LINES {
            self.last.pop_front();
        }
        self.last.push_back(line);
    }

    /// The last lines.
    pub fn last(&self) -> Vec<String> {
        self.last.iter().cloned().collect()
    }
}
