"""Set up, run and use Umbel: the tool chain, the local engine, the client and the command line."""
