"""What tests stand on: a virtual clock, counted ids, prepared stores."""
