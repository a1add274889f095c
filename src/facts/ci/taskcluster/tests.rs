//! What definitions come to, told compactly.

use super::super::told::{check as check_file, told};
use super::*;
