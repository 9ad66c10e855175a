//! AV1's dependency descriptor, a header extension: its bytes are passed on, and looked at for key frames.

use str0m::rtp::{Extension, ExtensionSerializer, ExtensionValues};

const URI: &str = "https://aomediacodec.github.io/av1-rtp-spec/#dependency-descriptor-rtp-header-extension";

/// Reads and writes it for str0m.
#[derive(Debug)]
struct DependencyDescriptor;

/// Its bytes in a packet.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Dependency(pub(crate) Vec<u8>);

/// It, as str0m's maps have it.
pub(crate) fn dependency_extension() -> Extension {
    Extension::with_serializer(URI, DependencyDescriptor)
}

impl ExtensionSerializer for DependencyDescriptor {
    fn write_to(&self, buffer: &mut [u8], values: &ExtensionValues) -> usize {
        let Some(Dependency(bytes)) = values.user_values.get::<Dependency>() else { return 0 };
        let Some(room) = buffer.get_mut(..bytes.len()) else { return 0 };
        room.copy_from_slice(bytes);
        bytes.len()
    }

    fn parse_value(&self, bytes: &[u8], values: &mut ExtensionValues) -> bool {
        values.user_values.set(Dependency(bytes.to_vec()));
        true
    }

    fn is_video(&self) -> bool {
        true
    }

    fn is_audio(&self) -> bool {
        false
    }

    fn requires_two_byte_form(&self, values: &ExtensionValues) -> bool {
        values.user_values.get::<Dependency>().is_some_and(|Dependency(bytes)| bytes.len() > 16)
    }
}
