"""Where the bytes lie: packs (tar) on a folder, group commit."""
