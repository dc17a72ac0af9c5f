"""What settings and the cells of a study have in common: how a judge is improved."""


class Method:
    """How a judge is improved, as settings and the cells of a study say it."""

    mode: str
    optimizer: str
    control: str

    @property
    def stepwise(self) -> bool:
        """Whether it goes step by step with the mode's judge: what peers and the ensemble do is no step of a mode."""
        return self.optimizer == "textgrad" and self.control != "ensemble"

    @property
    def words(self) -> list[str]:
        """What names it in folders and tables: the optimizer where it is a peer, the mode, a control."""
        return [word for word in (self.optimizer, self.mode, self.control) if word not in ("textgrad", "none")]
