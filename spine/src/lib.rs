//! SPINE: the model, the engine, the use cases.
