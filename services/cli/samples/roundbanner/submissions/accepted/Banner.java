import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;

public class Banner {
    public static void main(String[] args) throws IOException {
        String banner = new BufferedReader(new InputStreamReader(System.in)).readLine().trim();
        int n = banner.length();
        int best = 0;
        int run = 0;
        char letter = 'z';
        for (int i = 0; i < 2 * n; i++) {
            char here = banner.charAt(i % n);
            run = i > 0 && here == banner.charAt((i - 1) % n) ? Math.min(run + 1, n) : 1;
            if (run > best || (run == best && here < letter)) {
                best = run;
                letter = here;
            }
        }
        System.out.println(best + " " + letter);
    }
}
