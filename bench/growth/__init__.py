"""A model of the whole path, event by event: what happens to uploads at a rate, on AWS and on the local engine."""

from bench.growth.command import main as main
