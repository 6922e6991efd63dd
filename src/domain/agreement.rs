//! An agreement: versioned data that says what is judged, how, and who is liable.
