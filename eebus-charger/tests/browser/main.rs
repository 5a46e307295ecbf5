//! The page: its texts, and how it is in a real browser, Chromium without a window, driven over
//! WebDriver.
//!
//! `./test` runs the browser where Chromium and chromedriver are installed and says so where they
//! are not; by hand it is `cargo test -p eebus-charger --test browser -- --include-ignored`. The
//! pictures are in `target/screenshots/`.

mod browser;
mod in_a_browser;
mod manager;
mod stage;
mod texts;
