//! Who comes in, what they see, and what a stranger learns: nothing.

mod matrix;
mod process;
mod sign_in;
mod stream;
mod world;
