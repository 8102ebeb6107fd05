// The calls stay in the program's own buffer, so both sides wait for each other.
#include <cstdio>

int main() {
    int bells, tones;
    scanf("%d", &bells);
    for (int last = 2; last < bells; ++last) {
        printf("? 1 %d\n", last);
        scanf("%d", &tones);
        if (tones < last) bells = last;
    }
    printf("! 1 %d\n", bells);
}
