//! The first day of four people with this program: what guesses, waits and says.

mod foreground;
mod people;
mod rows;
