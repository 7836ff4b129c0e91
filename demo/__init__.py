"""The whole path in one command: a made-up salon, Meltano, both plugins, three runs, no account."""
