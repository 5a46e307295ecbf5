//! Small programs that teach. See the `examples` folder.
