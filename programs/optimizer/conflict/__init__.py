"""From the gains of every criterion by every edit to one weight an edit, where criteria disagree about edits.

The equations are those of multi-task learning, applied literally: a criterion's row of gains stands for its gradient.
"""
