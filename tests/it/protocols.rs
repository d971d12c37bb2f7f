//! What goes up, down and across the line besides the work itself: escalations as they are read, standups, broadcasts and
//! handoffs. The core is tested on a small organisation of its own, the commands through the real program.

mod daemon;
mod handoff;
mod pages;
mod standup;
mod world;
